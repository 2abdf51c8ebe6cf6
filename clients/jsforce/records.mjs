// Rows: create, read, update, upsert, delete, by id and by external ID, and every refusal on the way.

import { DATETIME, check, equal, goodId, refused, same } from './harness.mjs';
import { NOT_FOUND } from './schema.mjs';

export async function steps(run) {
  const { conn, server, root } = run;
  const { step } = run.suite;
  const Account = conn.sobject('Account');
  const home = `${root}/sobjects/Account`;
  // Below v42.0 the client sends a list of records as single requests side by side.
  const old = run.connect({ version: '41.0' });
  const create = async (record, type = 'Account') => {
    const answer = await conn.sobject(type).create(record);
    same({ ...answer, id: 'x' }, { id: 'x', success: true, errors: [] }, 'answer');
    return answer.id;
  };

  await step('create answers id, success and no errors', async () => {
    run.account = await create({
      Name: `${run.name} Ärzte & Söhne <1>`,
      Industry: 'Energy',
      AnnualRevenue: 1250000,
      NumberOfEmployees: 42,
      BillingCity: 'Köln',
      BillingCountry: 'Germany',
      [run.ext]: `${run.name}-a`,
    });
    goodId(run.account, '001');
  });

  await step('retrieve answers every field of the describe', async () => {
    const row = await Account.retrieve(run.account);
    same(row.attributes, { type: 'Account', url: `${home}/${run.account}` }, 'attributes');
    same(Object.keys(row).toSorted(), ['attributes', ...run.accountFields].toSorted(), 'fields');
    equal([row.Id, row.Name, row.Industry], [run.account, `${run.name} Ärzte & Söhne <1>`, 'Energy'], 'text');
    equal([row.AnnualRevenue, row.NumberOfEmployees, row.IsDeleted, row.Phone], [1250000, 42, false, null], 'values');
    equal([row.BillingAddress.city, row.BillingAddress.country], ['Köln', 'Germany'], 'compound address');
    check(DATETIME.test(row.CreatedDate), `CreatedDate: ${row.CreatedDate}`);
    equal([row.OwnerId, row.CreatedById, row.SystemModstamp], [server.user_id, server.user_id, row.CreatedDate], 'system fields');
  });

  await step('retrieve with fields answers these and Id; a record reference does too', async () => {
    const row = await Account.retrieve(run.account.slice(0, 15), { fields: ['NumberOfEmployees', 'Name'] });
    same(Object.keys(row), ['attributes', 'NumberOfEmployees', 'Name', 'Id'], 'keys');
    equal((await Account.record(run.account).retrieve()).Id, run.account, 'Id');
  });

  await step('get by external ID', async () => {
    const row = await conn.requestGet(`/sobjects/Account/${run.ext}/${run.name}-a`);
    equal([row.Id, row[run.ext]], [run.account, `${run.name}-a`], 'row');
    await refused(() => conn.requestGet(`/sobjects/Account/${run.ext}/nothing`), 'NOT_FOUND', NOT_FOUND.message);
  });

  await step('update changes text, number and null', async () => {
    const answer = await Account.update({ Id: run.account, Phone: '+49 221 1', NumberOfEmployees: 43, Industry: null });
    same(answer, { id: run.account, success: true, errors: [] }, 'answer');
    const row = await Account.retrieve(run.account, { fields: ['Phone', 'NumberOfEmployees', 'Industry'] });
    equal([row.Phone, row.NumberOfEmployees, row.Industry], ['+49 221 1', 43, null], 'row');
  });

  await step('upsert inserts, then updates the same row', async () => {
    const first = await Account.upsert({ Name: `${run.name} upserted`, [run.ext]: `${run.name}-u` }, run.ext);
    equal([first.success, first.errors, first.created], [true, [], true], 'inserted');
    goodId(first.id, '001');
    const second = await Account.upsert({ Site: 'second', [run.ext]: `${run.name}-u` }, run.ext);
    same(second, { id: first.id, success: true, errors: [], created: false }, 'updated');
    equal((await Account.retrieve(first.id)).Site, 'second', 'Site');
    run.upserted = first.id;
  });

  await step('upsert up to v45.0 answers no body when it updates', async () => {
    const answer = await run.connect({ version: '45.0' }).sobject('Account').upsert({ Site: 'third', [run.ext]: `${run.name}-u` }, run.ext);
    same(answer, { success: true, errors: [] }, 'answer');
  });

  await step('an ambiguous external ID is MULTIPLE_CHOICES with both URLs', async () => {
    const twin = { Name: `${run.name} twin`, [run.ext]: `${run.name}-twin` };
    const urls = [await create(twin), await create(twin)].map((id) => `${home}/${id}`);
    for (const call of [
      () => conn.requestGet(`/sobjects/Account/${run.ext}/${run.name}-twin`),
      () => Account.upsert({ Site: 'x', [run.ext]: `${run.name}-twin` }, run.ext),
      () => conn.requestDelete(`/sobjects/Account/${run.ext}/${run.name}-twin`),
    ]) {
      const error = await refused(call, 'MULTIPLE_CHOICES', 'Multiple records found');
      equal(error.data.toSorted(), urls.toSorted(), 'URLs');
    }
  });

  await step('a clash on a unique field is DUPLICATE_VALUE with the id of the other', async () => {
    const first = await create({ Name: `${run.name} unique`, [run.unique]: `${run.name}-Only` });
    const message = `duplicate value found: ${run.unique} duplicates value on record with id: ${first}`;
    const call = () => Account.create({ Name: `${run.name} unique`, [run.unique]: `${run.name}-oNLY` });
    await refused(call, 'DUPLICATE_VALUE', message, { message, errorCode: 'DUPLICATE_VALUE', fields: [] });
  });

  await step('lists of records go as requests side by side below v42.0', async () => {
    const answers = await old.sobject('Contact').create([
      { LastName: `${run.name} Alpha`, Account: { [run.ext]: `${run.name}-a` } },
      { LastName: `${run.name} Beta`, AccountId: run.account },
      { FirstName: 'without a last name' },
    ]);
    equal(answers.map((answer) => answer.success), [true, true, false], 'success');
    equal(answers[2].errors[0].errorCode, 'REQUIRED_FIELD_MISSING', 'errorCode');
    run.contacts = answers.slice(0, 2).map((answer) => answer.id);
    const rows = await old.sobject('Contact').retrieve([...run.contacts, '003000000000ZZZ']);
    equal(rows.map((row) => row?.AccountId ?? null), [run.account, run.account, null], 'AccountId');
    const updated = await old.sobject('Contact').update(run.contacts.map((Id) => ({ Id, Title: 'Dr.' })));
    equal(updated.map((answer) => answer.success), [true, true], 'updated');
    const spare = await old.sobject('Account').create([{ Name: `${run.name} spare` }, { Name: `${run.name} spare` }]);
    const gone = await old.sobject('Account').destroy(spare.map((answer) => answer.id));
    same(gone, spare, 'destroyed');
  });

  await step('relationship paths lead to the parent and to the children', async () => {
    equal((await conn.requestGet(`/sobjects/Contact/${run.contacts[0]}/Account`)).Id, run.account, 'parent');
    const children = await conn.requestGet(`/sobjects/Account/${run.account}/Contacts`);
    equal([children.totalSize, children.done, children.records.length], [2, true, 2], 'children');
  });

  await step('a missing required field: code, message and fields of the error', async () => {
    const message = 'Required fields are missing: [Name]';
    await refused(() => Account.create({ Site: 'x' }), 'REQUIRED_FIELD_MISSING', message, {
      message,
      errorCode: 'REQUIRED_FIELD_MISSING',
      fields: ['Name'],
    });
  });

  await step('an unknown field is INVALID_FIELD', async () => {
    const message = "No such column 'Nope__c' on sobject of type Account";
    const data = { message, errorCode: 'INVALID_FIELD' };
    await refused(() => Account.create({ Name: 'x', Nope__c: 1 }), 'INVALID_FIELD', message, data);
    await refused(() => Account.update({ Id: run.account, Nope__c: 1 }), 'INVALID_FIELD', message, data);
  });

  await step('values that the field refuses', async () => {
    const Contact = conn.sobject('Contact');
    await refused(() => Contact.create({ LastName: 'x', Email: 'nope' }), 'INVALID_EMAIL_ADDRESS', 'Email: invalid email address: nope');
    const long = 'n'.repeat(256);
    await refused(() => Account.create({ Name: long }), 'STRING_TOO_LONG', `Account Name: data value too large: ${long} (max length=255)`);
    await refused(() => Contact.create({ LastName: 'x', Birthdate: 'yesterday' }), 'JSON_PARSER_ERROR', /^Cannot deserialize instance of date from VALUE_STRING value yesterday/);
    await refused(
      () => Contact.create({ LastName: 'x', AccountId: server.user_id }),
      'MALFORMED_ID',
      `Account ID: id value of incorrect type: ${server.user_id}`,
    );
  });

  await step('ids that lead nowhere', async () => {
    const nowhere = 'Provided external ID field does not exist or is not accessible: notanid';
    await refused(() => Account.retrieve('notanid'), 'NOT_FOUND', nowhere, { message: nowhere, errorCode: 'NOT_FOUND' });
    const wrong = `Account ID: id value of incorrect type: ${run.contacts[0]}`;
    await refused(() => Account.update({ Id: run.contacts[0], Name: 'x' }), 'MALFORMED_ID', wrong, { message: wrong, errorCode: 'MALFORMED_ID', fields: ['Id'] });
    await refused(() => Account.retrieve('001000000000ZZZ'), 'NOT_FOUND', NOT_FOUND.message, NOT_FOUND);
    await refused(() => Account.update({ Id: '001000000000ZZZ', Name: 'x' }), 'INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id');
    await refused(() => conn.sobject('Nope__c').create({ Name: 'x' }), 'NOT_FOUND', NOT_FOUND.message, NOT_FOUND);
  });

  await step('a method that the resource lacks is METHOD_NOT_ALLOWED', async () => {
    await refused(() => conn.requestPatch('/sobjects/Account', {}), 'METHOD_NOT_ALLOWED', /^HTTP Method 'PATCH' not allowed\. Allowed are /);
  });

  await step('POST with _HttpMethod=PATCH updates', async () => {
    equal(await conn.requestPost(`/sobjects/Account/${run.account}?_HttpMethod=PATCH`, { Fax: '7' }), undefined, 'answer');
    equal((await Account.retrieve(run.account)).Fax, '7', 'Fax');
  });

  await step('destroy; then every verb is ENTITY_IS_DELETED', async () => {
    run.gone = await create({ Name: `${run.name} gone` });
    same(await Account.destroy(run.gone), { id: run.gone, success: true, errors: [] }, 'answer');
    const data = { message: 'entity is deleted', errorCode: 'ENTITY_IS_DELETED', fields: [] };
    for (const call of [
      () => Account.retrieve(run.gone),
      () => Account.update({ Id: run.gone, Name: 'x' }),
      () => Account.record(run.gone).destroy(),
    ]) {
      await refused(call, 'ENTITY_IS_DELETED', 'entity is deleted', data);
    }
  });

  const from = new Date(Date.now() - 3600e3);
  const to = () => new Date(Date.now() + 120e3);

  await step('deleted() lists the deleted row with its time', async () => {
    const answer = await Account.deleted(from, to());
    same(Object.keys(answer), ['deletedRecords', 'earliestDateAvailable', 'latestDateCovered'], 'keys');
    const row = answer.deletedRecords.find((one) => one.id === run.gone);
    check(row && DATETIME.test(row.deletedDate), row);
    check(!answer.deletedRecords.some((one) => one.id === run.account), 'a live row is listed');
  });

  await step('updated() lists the live rows', async () => {
    const answer = await Account.updated(from.toISOString(), to().toISOString());
    same(Object.keys(answer), ['ids', 'latestDateCovered'], 'keys');
    check(answer.ids.includes(run.account) && !answer.ids.includes(run.gone), 'ids');
  });

  await step('a window that ends before it starts is INVALID_REPLICATION_DATE', async () => {
    await refused(() => Account.updated(to(), from), 'INVALID_REPLICATION_DATE');
  });
}
