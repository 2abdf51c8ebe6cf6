// The partner API of SOAP: what `conn.soap` calls.

import { check, equal, goodId, refused, same } from './harness.mjs';

export async function steps(run) {
  const { conn, server } = run;
  const { step } = run.suite;
  const api = conn.soap;
  const name = `${run.name} soap`;
  let ids = [];

  await step('soap create saves records of several objects', async () => {
    const results = await api.create([
      { type: 'Account', Name: `${name} <1> & Söhne`, NumberOfEmployees: 12 },
      { type: 'Contact', LastName: name, Birthdate: '2001-02-03' },
    ]);
    equal(results.map((r) => [r.success, r.errors]), [[true, []], [true, []]], 'results');
    ids = results.map((r) => r.id);
    goodId(ids[0], '001');
    goodId(ids[1], '003');
    const row = await conn.sobject('Account').retrieve(ids[0], { fields: ['Name', 'NumberOfEmployees'] });
    equal([row.Name, row.NumberOfEmployees], [`${name} <1> & Söhne`, 12], 'row');
  });

  await step('soap create of one record that lacks a field answers its error', async () => {
    const result = await api.create({ type: 'Contact', FirstName: 'x' });
    equal([result.success, result.id], [false, null], 'result');
    equal(
      result.errors.map((e) => [e.statusCode, e.message, e.fields]),
      [['REQUIRED_FIELD_MISSING', 'Required fields are missing: [LastName]', ['LastName']]],
      'errors',
    );
  });

  await step('soap create with an unknown field is a fault', async () => {
    const error = await refused(() => api.create({ type: 'Account', Nane: 'x' }), 'sf:INVALID_FIELD');
    check(error.message.startsWith("INVALID_FIELD: No such column 'Nane' on entity 'Account'."), error.message);
  });

  await step('soap update changes a field and clears another', async () => {
    const result = await api.update({ type: 'Account', Id: ids[0], Name: name, NumberOfEmployees: null });
    equal([result.id, result.success], [ids[0], true], 'result');
    const row = await conn.sobject('Account').retrieve(ids[0], { fields: ['Name', 'NumberOfEmployees'] });
    equal([row.Name, row.NumberOfEmployees], [name, null], 'row');
  });

  await step('soap upsert makes a record and then finds it', async () => {
    const record = { type: 'Account', Name: name, [run.ext]: `${run.name}-soap` };
    const made = await api.upsert(run.ext, record);
    equal([made.success, made.created], [true, true], 'first');
    const found = await api.upsert(run.ext, [record]);
    equal(found.map((r) => [r.id, r.created]), [[made.id, false]], 'second');
    ids.push(made.id);
  });

  await step('soap delete, undelete and emptyRecycleBin', async () => {
    equal((await api.delete(ids)).map((r) => [r.id, r.success]), ids.map((id) => [id, true]), 'delete');
    equal((await api.undelete([ids[0]])).map((r) => [r.id, r.success]), [[ids[0], true]], 'undelete');
    equal((await conn.sobject('Account').retrieve(ids[0])).Name, name, 'row');
    equal((await api.delete(ids[0])).success, true, 'delete of one');
    equal((await api.emptyRecycleBin(ids)).map((r) => [r.id, r.success]), ids.map((id) => [id, true]), 'emptyRecycleBin');
    const [gone] = await api.undelete([ids[0]]);
    equal([gone.success, gone.errors.map((e) => [e.statusCode, e.message])], [false, [['UNDELETE_FAILED', 'Entity is not in the recycle bin']]], 'gone');
    const [bad] = await api.delete(['nonsense']);
    equal(bad.errors.map((e) => [e.statusCode, e.message]), [['MALFORMED_ID', 'bad id nonsense']], 'bad id');
  });

  await step('soap getUserInfo and getServerTimestamp', async () => {
    const who = await api.getUserInfo();
    same([who.userId, who.organizationId, who.userName], [server.user_id, server.org_id, server.username], 'user');
    const { timestamp } = await api.getServerTimestamp();
    check(Math.abs(Date.parse(timestamp) - Date.now()) < 60_000, `timestamp ${timestamp}`);
  });

  await step('soap calls that are not built are refused', async () => {
    await refused(() => api.describeTabs(), 'sf:FUNCTIONALITY_NOT_ENABLED');
  });
}
