// What pages of the user interface are made of: page layouts, compact layouts, list views.

import { check, equal, goodId, refused } from './harness.mjs';
import { NOT_FOUND } from './schema.mjs';

export async function steps(run) {
  const { conn, root } = run;
  const { step } = run.suite;

  await step('layouts() tells sections, rows and fields', async () => {
    const { layouts, recordTypeMappings, recordTypeSelectorRequired } = await conn.sobject('Account').layouts();
    equal([layouts.length, recordTypeMappings.length, recordTypeSelectorRequired], [1, 1, [false]], 'answer');
    equal(recordTypeMappings[0].layoutId, layouts[0].id, 'mapping');
    const shown = layouts[0].detailLayoutSections.flatMap((section) => section.layoutRows).flatMap((row) => row.layoutItems);
    const fields = shown.flatMap((item) => item.layoutComponents).filter((part) => part.type === 'Field');
    for (const name of ['Name', 'OwnerId', 'BillingAddress', 'Description']) {
      check(fields.some((field) => field.value === name && field.details.name === name), name);
    }
  });

  await step('layouts() of an object without is refused', async () => {
    await refused(
      () => conn.sobject('OpportunityStage').layouts(),
      'INVALID_ARGUMENT_TYPE',
      'Cannot get layout for non-layoutable entity',
    );
  });

  await step('compactLayouts() and approvalLayouts()', async () => {
    const answer = await conn.sobject('Contact').compactLayouts();
    equal([answer.compactLayouts[0].name, answer.defaultCompactLayoutId], ['SYSTEM', null], 'compact');
    equal(await conn.sobject('Contact').approvalLayouts(), { approvalLayouts: [] }, 'approval');
  });

  await step('listviews(), a list view, and its describe', async () => {
    const { listviews, size, sobjectType } = await conn.sobject('Account').listviews();
    equal([listviews.length, sobjectType], [size, 'Account'], 'answer');
    const mine = listviews.find((view) => view.developerName === 'MyAccounts');
    goodId(mine.id, '00B');
    equal(mine.url, `${root}/sobjects/Account/listviews/${mine.id}`, 'url');
    const described = await conn.sobject('Account').listview(mine.id).describe();
    equal([described.scope, described.sobjectType], ['mine', 'Account'], 'describe');
    const { records } = await conn.query(described.query);
    check(Array.isArray(records), records);
  });

  await step('results() of a list view', async () => {
    const name = `${run.name} listed`;
    await conn.sobject('Account').create({ Name: name });
    const { listviews } = await conn.sobject('Account').listviews();
    const all = listviews.find((view) => view.developerName === 'NewThisWeek');
    const { columns, records, size } = await conn.sobject('Account').listview(all.id).results();
    equal(size, records.length, 'size');
    equal(records[0].columns.map((cell) => cell.fieldNameOrPath), columns.map((column) => column.fieldNameOrPath), 'columns');
  });

  await step('an unknown list view is NOT_FOUND', async () => {
    await refused(() => conn.sobject('Account').listview('00B5g0000000001').describe(), 'NOT_FOUND', NOT_FOUND.message, NOT_FOUND);
  });

  await step('list views are rows of ListView', async () => {
    const { records } = await conn.query("SELECT Id, DeveloperName FROM ListView WHERE SobjectType = 'Account'");
    const { listviews } = await conn.sobject('Account').listviews();
    equal(records.map((row) => row.Id).sort(), listviews.map((view) => view.id).sort(), 'ids');
  });
}
