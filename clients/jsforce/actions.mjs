// What the user saw last, quick actions, processes.

import { check, equal, goodId, refused, same } from './harness.mjs';

export async function steps(run) {
  const { conn, root } = run;
  const { step } = run.suite;

  await step('recent() lists what was read, latest first', async () => {
    const { id } = await conn.sobject('Account').create({ Name: `${run.name} seen` });
    run.seen = id;
    const other = await conn.sobject('Contact').create({ LastName: `${run.name} seen` });
    await conn.sobject('Account').retrieve(id);
    const [first, second] = await conn.recent();
    same(first, { attributes: { type: 'Account', url: `${root}/sobjects/Account/${id}` }, Id: id, Name: `${run.name} seen` }, 'first');
    equal(second.Id, other.id, 'second');
    equal((await conn.recent('Account', 1))[0].Id, id, 'of an object');
  });

  await step('RecentlyViewed by query', async () => {
    const { records } = await conn.query("SELECT Id, Name, Type FROM RecentlyViewed WHERE Type = 'Account' ORDER BY LastViewedDate DESC LIMIT 200");
    const found = records.find((record) => record.Id === run.seen);
    equal([found?.Name, found?.Type], [`${run.name} seen`, 'Account'], 'record');
  });

  await step('quickActions() and a describe', async () => {
    const list = await conn.quickActions();
    check(list.some((action) => action.name === 'LogACall' && action.type === 'LogACall'), list);
    const described = await conn.quickAction('LogACall').describe();
    equal([described.name, described.targetSobjectType], ['LogACall', 'Task'], 'describe');
    check(described.layout.layoutRows.length > 0, described.layout);
    check((await conn.sobject('Account').quickActions()).length >= list.length, 'actions of an object');
  });

  await step('quickAction().defaultValues() and execute()', async () => {
    const action = conn.sobject('Account').quickAction('LogACall');
    const values = await action.defaultValues(run.seen);
    equal([values.Subject, values.WhatId], ['Call', run.seen], 'defaults');
    const result = await action.execute(run.seen, { Description: 'agreed' });
    goodId(result.id, '00T');
    equal([result.success, result.contextId], [true, run.seen], 'result');
    const task = await conn.sobject('Task').retrieve(result.id);
    equal([task.Subject, task.WhatId, task.Description, task.IsClosed], ['Call', run.seen, 'agreed', true], 'task');
  });

  await step('process.rule', async () => {
    same(await conn.process.rule.list(), {}, 'rules');
    same(await conn.process.rule.trigger(run.seen), { errors: null, success: true }, 'trigger');
  });

  await step('process.approval', async () => {
    same(await conn.process.approval.list(), {}, 'approvals');
    const submit = () => new Promise((done, failed) => conn.process.approval.submit(run.seen, 'please').then(done, failed));
    await refused(submit, 'NO_APPLICABLE_PROCESS', 'No applicable approval process was found.');
  });

  await step('invocable actions', async () => {
    const { actions } = await conn.request(`${root}/actions/standard`);
    check(actions.some((action) => action.name === 'submit'), actions);
    const answer = await conn.requestPost(`${root}/actions/custom/quickAction/NewContact`, {
      inputs: [{ contextId: run.seen, LastName: `${run.name} action` }],
    });
    equal([answer[0].isSuccess, answer[0].actionName], [true, 'NewContact'], 'result');
    goodId(answer[0].outputValues.id, '003');
  });
}
