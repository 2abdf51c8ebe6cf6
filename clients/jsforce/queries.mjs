// Queries: the chained builder, parents, children, aggregates, paging over 4,500 rows, streams, searches, and refusals.

import { SfDate } from 'jsforce';
import { check, equal, pool, refused, same } from './harness.mjs';

const ROWS = 4500;

export async function steps(run) {
  const { conn, server, root } = run;
  const { step } = run.suite;
  const Account = conn.sobject('Account');
  const mine = { Name: { $like: `${run.name}%` } };
  const url = (id) => `${root}/sobjects/Account/${id}`;

  await step('query answers totalSize, done and records', async () => {
    const answer = await conn.query(`SELECT Id, Name FROM Account WHERE ${run.ext} = '${run.name}-a'`);
    equal([answer.totalSize, answer.done], [1, true], 'answer');
    const row = { attributes: { type: 'Account', url: url(run.account) }, Id: run.account, Name: `${run.name} Ärzte & Söhne <1>` };
    same(answer.records, [row], 'records');
    same(await conn.requestGet(`/query?q=${encodeURIComponent("SELECT Id FROM Account WHERE Name = 'no such name'")}`), { totalSize: 0, done: true, records: [] });
  });

  await step('find() with conditions, fields, sort, limit and skip', async () => {
    for (const revenue of [10, 20, 30]) await Account.create({ Name: `${run.name} sum`, AnnualRevenue: revenue, NumberOfEmployees: 5 });
    const rows = await Account.find({ Name: `${run.name} sum` }, { Id: 1, AnnualRevenue: 1 }).sort({ AnnualRevenue: -1 }).limit(2).skip(1);
    equal(rows.map((row) => row.AnnualRevenue), [20, 10], 'rows');
    same(Object.keys(rows[0]), ['attributes', 'Id', 'AnnualRevenue'], 'keys');
  });

  await step('find() with $or, $in, $nin, $gte, $exists, $nlike and date literals', async () => {
    const names = async (condition) =>
      (await Account.find({ $and: [mine, condition] }, 'Name')).map((row) => row.Name.slice(run.name.length + 1)).toSorted();
    const first = 'Ärzte & Söhne <1>';
    equal(await names({ $or: [{ NumberOfEmployees: { $gt: 42 } }, { Site: 'third' }] }), ['upserted', first], '$or');
    equal(await names({ Name: { $in: [`${run.name} TWIN`, 'x'] } }), ['twin', 'twin'], '$in without regard to case');
    equal(await names({ AnnualRevenue: { $nin: [10, 20] }, NumberOfEmployees: 5 }), ['sum'], '$nin');
    equal(await names({ AnnualRevenue: { $gte: 1e6 }, CreatedDate: SfDate.TODAY }), [first], '$gte and TODAY');
    equal(await names({ Phone: { $exists: true }, CreatedDate: { $gte: SfDate.YESTERDAY } }), [first], '$exists');
    equal(await names({ Name: { $nlike: `${run.name} %u%` } }), ['twin', 'twin', first], '$nlike');
  });

  await step("find() of all fields selects every field of the describe", async () => {
    const row = await Account.findOne({ Id: run.account });
    same(Object.keys(row).toSorted(), ['attributes', ...run.accountFields].toSorted(), 'fields');
    equal([row.BillingAddress.city, row.AnnualRevenue], ['Köln', 1250000], 'values');
    equal(await Account.findOne({ Name: 'no such name' }, 'Id'), null, 'no match');
  });

  await step('count()', async () => {
    equal(await Account.count({ Name: `${run.name} sum` }), 3, 'count');
    equal(await Account.count({ Name: 'no such name' }), 0, 'count');
  });

  await step('parents, two levels up', async () => {
    const rows = await conn.sobject('Contact').find({ LastName: { $like: `${run.name}%` } }, 'LastName, Account.Name, Account.Owner.Username').sort('-LastName');
    equal(rows.map((row) => row.LastName), [`${run.name} Beta`, `${run.name} Alpha`], 'order');
    same(Object.keys(rows[0].Account), ['attributes', 'Name', 'Owner'], 'keys of the parent');
    same(rows[0].Account.attributes, { type: 'Account', url: url(run.account) }, 'attributes');
    equal(rows[0].Account.Owner.Username, server.username, 'grandparent');
  });

  await step('include() reads child records; no children are null', async () => {
    const rows = await Account.find(mine, 'Id, Name').include('Contacts').select('LastName').sort('LastName').end();
    const children = rows.find((row) => row.Id === run.account).Contacts;
    same(Object.keys(children), ['totalSize', 'done', 'records'], 'keys of the child result');
    equal(children.records.map((row) => row.LastName), [`${run.name} Alpha`, `${run.name} Beta`], 'children');
    check(rows.filter((row) => row.Id !== run.account).every((row) => row.Contacts === null), 'accounts without contacts');
  });

  await step('aggregates with GROUP BY, HAVING, alias and expr0', async () => {
    const soql = `SELECT Name, COUNT(Id), SUM(AnnualRevenue) total, MAX(NumberOfEmployees) FROM Account WHERE Name LIKE '${run.name}%' GROUP BY Name`;
    const { records } = await conn.query(`${soql} HAVING COUNT(Id) > 1 ORDER BY Name`);
    const attributes = { type: 'AggregateResult' };
    same(records, [
      { attributes, Name: `${run.name} sum`, expr0: 3, total: 60, expr1: 5 },
      { attributes, Name: `${run.name} twin`, expr0: 2, total: null, expr1: null },
    ]);
  });

  await step('scanAll shows deleted rows', async () => {
    const soql = `SELECT Id, IsDeleted FROM Account WHERE Name = '${run.name} gone'`;
    equal((await conn.query(soql)).totalSize, 0, 'query');
    const all = await conn.query(soql, { scanAll: true });
    equal(all.records.map((row) => [row.Id, row.IsDeleted]), [[run.gone, true]], 'queryAll');
  });

  await step(`${ROWS} rows are created over kept connections`, async () => {
    const Row = conn.sobject(run.row);
    const answers = await pool(ROWS, 10, (n) => Row.create({ Name: `row ${n}`, Seq__c: n }));
    equal(new Set(answers.filter((answer) => answer.success).map((answer) => answer.id)).size, ROWS, 'distinct ids');
  });

  const soql = `SELECT Id, Seq__c FROM ${run.row} ORDER BY Seq__c`;
  const inOrder = (rows) => rows.length === ROWS && rows.every((row, n) => row.Seq__c === n);

  await step('autoFetch reads all of them, in order', async () => {
    const answer = await conn.query(soql, { autoFetch: true, maxFetch: 10000 });
    equal([answer.totalSize, answer.done], [ROWS, true], 'answer');
    check(inOrder(answer.records), `${answer.records.length} records, out of order or not all`);
  });

  await step('maxFetch stops inside a page', async () => {
    const rows = await conn.sobject(run.row).find({}, 'Id, Seq__c').sort('Seq__c').autoFetch(true).maxFetch(2500);
    equal([rows.length, rows.at(-1).Seq__c], [2500, 2499], 'rows');
  });

  await step('pages hold 2,000 rows; queryMore reads on from the locator', async () => {
    const first = await conn.query(soql);
    equal([first.totalSize, first.done, first.records.length], [ROWS, false, 2000], 'first page');
    const second = await conn.queryMore(first.nextRecordsUrl);
    equal([second.totalSize, second.done, second.records.length, second.records[0].Seq__c], [ROWS, false, 2000, 2000], 'second page');
    const third = await conn.queryMore(second.nextRecordsUrl);
    equal([third.totalSize, third.done, third.records.length, third.records[0].Seq__c], [ROWS, true, 500, 4000], 'last page');
    check(third.nextRecordsUrl === undefined, 'the last page has no next one');
  });

  await step('record events of a query', async () => {
    const rows = await new Promise((resolve, reject) => {
      const seen = [];
      const query = conn.query(soql);
      query.on('record', (row) => seen.push(row)).on('end', () => resolve(seen)).on('error', reject);
      query.run({ autoFetch: true, maxFetch: 10000 });
    });
    check(inOrder(rows), `${rows.length} records, out of order or not all`);
  });

  await step('a CSV stream of a query', async () => {
    let text = '';
    for await (const chunk of conn.query(`SELECT Name, Seq__c FROM ${run.row} WHERE Seq__c < 2 ORDER BY Seq__c`).stream('csv')) text += chunk;
    equal(text.trim().split(/\r?\n/).map((line) => line.replaceAll('"', '')), ['Name,Seq__c', 'row 0,0', 'row 1,1'], 'lines');
  });

  await step('Sforce-Query-Options sets the page size', async () => {
    const headers = { 'Sforce-Query-Options': 'batchSize=300' };
    const page = await conn.query(soql, { headers });
    equal([page.records.length, page.totalSize, page.done], [300, ROWS, false], 'page');
    const all = await conn.query(soql, { headers, autoFetch: true, maxFetch: 10000 });
    check(inOrder(all.records), `${all.records.length} records, out of order or not all`);
  });

  await step('explain() answers plans, the cheapest first', async () => {
    const { plans } = await conn.query(`SELECT Id FROM Account WHERE ${run.ext} = '${run.name}-a'`).explain();
    equal([plans[0].leadingOperationType, plans[0].fields[0], plans[0].cardinality, plans[0].sobjectType], ['Index', run.ext, 1, 'Account'], 'plan');
    check(plans.every((plan, i) => i === 0 || plans[i - 1].relativeCost <= plan.relativeCost), 'out of order');
    await refused(() => conn.query('SELEKT Name FROM Account').explain(), 'MALFORMED_QUERY');
  });

  await step('search() finds words in the fields of several objects', async () => {
    const { searchRecords } = await conn.search(`FIND {${run.name} Alpha} IN NAME FIELDS RETURNING Contact(LastName), Account(Id)`);
    equal(searchRecords.map((row) => [row.attributes.type, row.LastName]), [['Contact', `${run.name} Alpha`]], 'records');
    const all = await conn.search(`FIND {${run.name} Söhne}`);
    equal(all.searchRecords.map((row) => [row.Id, row.attributes.url]), [[run.account, url(run.account)]], 'Ids');
    await refused(() => conn.search('FIND joe'), 'MALFORMED_SEARCH', 'No search term found. The search term must be enclosed in braces.');
  });

  await step('refused queries carry code and message', async () => {
    await refused(() => conn.query('SELEKT Name FROM Account'), 'MALFORMED_QUERY', /^unexpected token: '?SELEKT'?$/);
    const column = [
      '\nSELECT Bacon__c FROM Account LIMIT 2\n       ^\nERROR at Row:1:Column:8\n',
      "No such column 'Bacon__c' on entity 'Account'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name.",
      ' Please reference your WSDL or the describe call for the appropriate names.',
    ].join('');
    await refused(() => conn.query('SELECT Bacon__c FROM Account LIMIT 2'), 'INVALID_FIELD', column, { message: column, errorCode: 'INVALID_FIELD' });
    await refused(() => conn.query('SELECT Id FROM Bacon__c'), 'INVALID_TYPE', /sObject type 'Bacon__c' is not supported\./);
    await refused(() => conn.queryMore('01g000000000001AAA-2000'), 'INVALID_QUERY_LOCATOR', 'invalid query locator');
  });
}
