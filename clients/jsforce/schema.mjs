// Versions, limits, describes, and custom metadata made through the Tooling API.

import { check, equal, goodId, refused, same } from './harness.mjs';

export const NOT_FOUND = { errorCode: 'NOT_FOUND', message: 'The requested resource does not exist' };

const textField = (run, suffix, more = {}) => ({
  FullName: `Account.${run.name}_${suffix}__c`,
  Metadata: { label: `${run.name} ${suffix}`, type: 'Text', length: 40, required: false, externalId: true, unique: false, ...more },
});

async function make(run, kind, body, prefix) {
  const answer = await run.conn.tooling.sobject(kind).create(body);
  equal([answer.success, answer.errors], [true, []], 'answer');
  goodId(answer.id, prefix);
  return answer.id;
}

export async function steps(run) {
  const { conn, server, base, root } = run;
  const { step } = run.suite;
  run.ext = `${run.name}_Ext__c`;
  run.unique = `${run.name}_Unique__c`;
  run.row = `${run.name}_Row__c`;
  run.made = [];

  await step('versions are listed, oldest first', async () => {
    const versions = await run.connect({ accessToken: undefined }).requestGet('/services/data');
    equal([versions[0].version, versions.at(-1).version], ['31.0', '68.0'], 'range');
    for (const version of versions) equal(version.url, `/services/data/v${version.version}`, 'url');
  });

  await step("the version's resources are its own URLs", async () => {
    const resources = await conn.requestGet('/');
    for (const name of ['sobjects', 'query', 'queryAll', 'limits', 'tooling']) equal(resources[name], `${root}/${name}`, name);
    equal(resources.identity, `${base}/id/${server.org_id}/${server.user_id}`, 'identity');
  });

  await step('limits(), and the usage header as limitInfo', async () => {
    const limits = await conn.limits();
    for (const name of ['DailyApiRequests', 'DailyBulkApiBatches']) {
      check(limits[name].Remaining >= 0 && limits[name].Remaining <= limits[name].Max, limits[name]);
    }
    const { used, limit } = conn.limitInfo.apiUsage;
    check(used > 0 && used <= limit && limit > 5000, conn.limitInfo);
  });

  await step('describeGlobal() lists 250 standard objects or more', async () => {
    const answer = await conn.describeGlobal();
    equal([answer.encoding, answer.maxBatchSize], ['UTF-8', 200], 'answer');
    check(answer.sobjects.filter((item) => !item.custom).length >= 250, `${answer.sobjects.length} objects`);
    const account = answer.sobjects.find((item) => item.name === 'Account');
    equal([account.keyPrefix, account.label, account.labelPlural, account.queryable], ['001', 'Account', 'Accounts', true], 'Account');
    equal(account.urls.rowTemplate, `${root}/sobjects/Account/{ID}`, 'rowTemplate');
  });

  await step('describe of an unknown object is NOT_FOUND', async () => {
    await refused(() => conn.describe('NoSuchThing__c'), 'NOT_FOUND', NOT_FOUND.message, NOT_FOUND);
  });

  await step('tooling makes an external ID field and a unique field', async () => {
    run.extId = await make(run, 'CustomField', textField(run, 'Ext'), '00N');
    run.made.push(['CustomField', run.extId]);
    run.made.push(['CustomField', await make(run, 'CustomField', textField(run, 'Unique', { unique: true, caseSensitive: false }), '00N')]);
  });

  await step('tooling makes a custom object with a number field', async () => {
    const Metadata = {
      label: `${run.name} Row`,
      pluralLabel: `${run.name} Rows`,
      nameField: { type: 'Text', label: 'Row Name' },
      deploymentStatus: 'Deployed',
      sharingModel: 'ReadWrite',
    };
    run.made.push(['CustomObject', await make(run, 'CustomObject', { FullName: run.row, Metadata }, '01I')]);
    const number = { label: 'Seq', type: 'Number', precision: 18, scale: 0, required: false };
    await make(run, 'CustomField', { FullName: `${run.row}.Seq__c`, Metadata: number }, '00N');
  });

  await step('describe of Account shows the new fields at once', async () => {
    const answer = await conn.sobject('Account').describe();
    run.accountFields = answer.fields.map((field) => field.name);
    const find = (name) => answer.fields.find((field) => field.name === name);
    const { type, length, custom, externalId, idLookup, unique } = find(run.ext);
    equal({ type, length, custom, externalId, idLookup, unique }, { type: 'string', length: 40, custom: true, externalId: true, idLookup: true, unique: false }, run.ext);
    equal([find(run.unique).unique, find(run.unique).caseSensitive], [true, false], run.unique);
    equal([find('Industry').type, find('Industry').picklistValues.some((entry) => entry.value === 'Energy' && entry.active)], ['picklist', true], 'Industry');
    equal([find('ParentId').referenceTo, find('ParentId').relationshipName], [['Account'], 'Parent'], 'ParentId');
    equal(answer.sobjectDescribeOption, 'FULL', 'sobjectDescribeOption');
    same(Object.keys(answer), Object.keys(answer).toSorted(), 'keys are in alphabetical order');
  });

  await step('describe$() is answered from the cache the second time', async () => {
    const first = await conn.describe$('Contact');
    check((await conn.describe$('Contact')) === first, 'described twice');
    equal(conn.describe$$('Contact').name, 'Contact', 'name');
  });

  await step('recent() reads the basic information of an object', async () => {
    check(Array.isArray(await conn.sobject('Account').recent()), 'recentItems is no list');
  });

  await step('tooling query finds the field', async () => {
    const answer = await conn.tooling.query(`SELECT Id, DeveloperName, TableEnumOrId FROM CustomField WHERE DeveloperName = '${run.name}_Ext'`);
    equal(answer.records.map((row) => [row.Id, row.DeveloperName, row.TableEnumOrId]), [[run.extId, `${run.name}_Ext`, 'Account']], 'records');
  });

  await step('tooling retrieve answers FullName and Metadata; update changes the label', async () => {
    const field = await conn.tooling.sobject('CustomField').retrieve(run.extId);
    equal([field.Id, field.FullName, field.Metadata.type, field.Metadata.length], [run.extId, `Account.${run.ext}`, 'Text', 40], 'field');
    equal(field.Metadata.externalId, true, 'externalId');
    const change = { Id: run.extId, Metadata: { ...field.Metadata, label: 'Another label' } };
    equal(await conn.tooling.sobject('CustomField').update(change), { id: run.extId, success: true, errors: [] }, 'answer');
    const after = (await conn.describe('Account')).fields.find((one) => one.name === run.ext);
    equal(after.label, 'Another label', 'label');
  });

  await step('a second field of the same name is refused', async () => {
    await refused(() => conn.tooling.sobject('CustomField').create(textField(run, 'Ext')), 'DUPLICATE_DEVELOPER_NAME');
  });
}

// Takes back this run's custom metadata, itself a step: a second run finds the org as it was.
export async function cleanUp(run) {
  await run.suite.step("tooling deletes the run's fields and object; describe no longer has them", async () => {
    equal(run.made.length, 3, 'things made');
    for (const [kind, id] of run.made) {
      equal(await run.conn.tooling.sobject(kind).destroy(id), { id, success: true, errors: [] }, 'answer');
    }
    const names = (await run.conn.describe('Account')).fields.map((field) => field.name);
    check(!names.includes(run.ext) && !names.includes(run.unique), 'fields are still there');
    await refused(() => run.conn.describe(run.row), 'NOT_FOUND', NOT_FOUND.message);
  });
}
