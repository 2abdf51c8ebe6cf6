// The same resources in XML: the client parses an XML answer by its content type, errors included.

import { check, equal, refused, same } from './harness.mjs';

export async function steps(run) {
  const { conn, root } = run;
  const { step } = run.suite;
  const ask = (method, path, body) =>
    conn.request({
      method,
      url: root + path,
      headers: { accept: 'application/xml', ...(body ? { 'content-type': 'application/xml' } : {}) },
      ...(body ? { body } : {}),
    });

  await step('create with an XML body answers an XML result', async () => {
    const answer = await ask('POST', '/sobjects/Account', `<Account><Name>${run.name} xml &amp; more</Name><NumberOfEmployees>7</NumberOfEmployees></Account>`);
    equal(answer.Result.success, 'true', 'success');
    check(/^001[A-Za-z0-9]{15}$/.test(answer.Result.id), answer);
    run.xmlAccount = answer.Result.id;
  });

  await step('a row in XML', async () => {
    const { Account: row } = await ask('GET', `/sobjects/Account/${run.xmlAccount}`);
    equal([row.$.type, row.$.url], ['Account', `${root}/sobjects/Account/${run.xmlAccount}`], 'attributes');
    equal([row.Id, row.Name, row.NumberOfEmployees], [run.xmlAccount, `${run.name} xml & more`, '7'], 'row');
    same(row.Phone.$, { 'xsi:nil': 'true' }, 'null');
    check(/T\d\d:\d\d:\d\d\.\d{3}Z$/.test(row.CreatedDate), row.CreatedDate);
  });

  await step('a query in XML', async () => {
    const soql = `SELECT Id, Name FROM Account WHERE Id = '${run.xmlAccount}'`;
    const { QueryResult: answer } = await ask('GET', `/query?q=${encodeURIComponent(soql)}`);
    equal([answer.done, answer.totalSize], ['true', '1'], 'answer');
    equal([answer.records.$.type, answer.records.Name], ['Account', `${run.name} xml & more`], 'records');
  });

  await step('a describe in XML', async () => {
    const { Account: answer } = await ask('GET', '/sobjects/Account/describe');
    equal([answer.name, answer.keyPrefix], ['Account', '001'], 'describe');
    check(answer.fields.some((field) => field.name === run.ext && field.externalId === 'true'), 'fields');
  });

  await step('errors in XML', async () => {
    await refused(() => ask('GET', '/sobjects/NoSuchThing__c'), 'NOT_FOUND', 'The requested resource does not exist');
    await refused(() => ask('POST', '/sobjects/Account', '<Account><Site>x</Site></Account>'), 'REQUIRED_FIELD_MISSING', 'Required fields are missing: [Name]');
    await refused(() => ask('GET', `/query?q=${encodeURIComponent('SELEKT Id FROM Account')}`), 'MALFORMED_QUERY');
  });
}
