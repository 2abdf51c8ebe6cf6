// Apex: a class and a trigger made through the Tooling API, called, fired, and taken away.

import { check, equal, goodId, refused, same } from './harness.mjs';

export async function steps(run) {
  const { conn } = run;
  const { step } = run.suite;
  const name = `Apex_${run.name}`;
  const path = `/${run.name}/greet`;
  let classId;
  let triggerId;

  await step('tooling.sobject() makes a class and a trigger', async () => {
    const body = `@RestResource(urlMapping='/${run.name}/*')
global class ${name} {
  @HttpGet global static String hello() { return 'Hello ' + RestContext.request.params.get('who'); }
  @HttpPost global static Map<String, Object> make(String name, Integer count) {
    List<Lead> made = new List<Lead>();
    for (Integer i = 0; i < count; i++) { made.add(new Lead(LastName = name + i, Company = name)); }
    insert made;
    return new Map<String, Object>{ 'made' => made.size(), 'first' => made[0].LastName };
  }
  @HttpDelete global static void fail() { Lead none = null; none.Company = 'x'; }
}`;
    const made = await conn.tooling.sobject('ApexClass').create({ Body: body });
    goodId(made.id, '01p');
    classId = made.id;
    const trigger = `trigger ${name}T on Lead (before insert) {
  for (Lead l : Trigger.new) { if (l.Company == '${run.name} no') { l.addError('Not that company'); } l.Title = 'set'; }
}`;
    triggerId = (await conn.tooling.sobject('ApexTrigger').create({ Name: `${name}T`, TableEnumOrId: 'Lead', Body: trigger })).id;
    goodId(triggerId, '01q');
    const found = await conn.tooling.query(`SELECT Name, IsValid FROM ApexClass WHERE Id = '${classId}'`);
    equal([found.records[0].Name, found.records[0].IsValid], [name, true], 'class');
  });

  await step('what does not compile is refused', async () => {
    await refused(
      () => conn.tooling.sobject('ApexClass').create({ Body: `public class ${name}Wrong { Nothing n; }` }),
      'INVALID_FIELD_FOR_INSERT_UPDATE',
      `Invalid type: Nothing (Line: 1, Column: ${name.length + 5 + 17})`,
    );
  });

  await step('apex.get(), apex.post() and apex.delete()', async () => {
    equal(await conn.apex.get(`${path}?who=you`), 'Hello you', 'get');
    same(await conn.apex.post(path, { name: `${run.name} yes`, count: 2 }), { made: 2, first: `${run.name} yes0` }, 'post');
    const rows = await conn.query(`SELECT LastName, Title FROM Lead WHERE Company = '${run.name} yes' ORDER BY LastName`);
    equal(rows.records.map((r) => r.Title), ['set', 'set'], 'titles');
    await refused(
      () => conn.apex.delete(path),
      'APEX_ERROR',
      `System.NullPointerException: Attempt to de-reference a null object\n\nClass.${name}.fail: line 10, column 1`,
    );
    await refused(() => conn.apex.get('/nothing/here'), 'NOT_FOUND', 'Could not find a match for URL');
  });

  await step('a trigger refuses a record', async () => {
    await refused(
      () => conn.sobject('Lead').create({ LastName: 'x', Company: `${run.name} no` }),
      'FIELD_CUSTOM_VALIDATION_EXCEPTION',
      'Not that company',
    );
  });

  await step('tooling.executeAnonymous()', async () => {
    const fine = await conn.tooling.executeAnonymous(`update [SELECT Id FROM Lead WHERE Company = '${run.name} yes'];`);
    equal([fine.compiled, fine.success, fine.line], [true, true, -1], 'fine');
    const wrong = await conn.tooling.executeAnonymous('Integer i = nothing;');
    equal([wrong.compiled, wrong.compileProblem], [false, 'Variable does not exist: nothing'], 'wrong');
  });

  await step('they are taken away', async () => {
    const leads = await conn.query(`SELECT Id FROM Lead WHERE Company = '${run.name} yes'`);
    for (const lead of leads.records) await conn.sobject('Lead').destroy(lead.Id);
    await conn.tooling.sobject('ApexTrigger').destroy(triggerId);
    await conn.tooling.sobject('ApexClass').destroy(classId);
    const left = await conn.tooling.query(`SELECT Id FROM ApexClass WHERE Name = '${name}'`);
    check(left.totalSize === 0, left);
  });
}
