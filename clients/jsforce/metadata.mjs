// The Metadata API over SOAP: definitions made, read, changed and taken away.

import { check, equal, refused, same } from './harness.mjs';
import { zip } from './zip.mjs';

export async function steps(run) {
  const { conn } = run;
  const { step } = run.suite;
  const object = `${run.name}_Meta__c`;
  const field = `${object}.Colour__c`;

  await step('metadata.create() makes an object and a field', async () => {
    const made = await conn.metadata.create('CustomObject', {
      fullName: object,
      label: 'Meta',
      pluralLabel: 'Metas',
      nameField: { type: 'Text', label: 'Meta Name' },
      deploymentStatus: 'Deployed',
      sharingModel: 'ReadWrite',
    });
    equal([made.fullName, made.success], [object, true], 'object');
    const [one] = await conn.metadata.create('CustomField', [{ fullName: field, label: 'Colour', type: 'Text', length: 20 }]);
    equal([one.fullName, one.success], [field, true], 'field');
    equal((await conn.describe(object)).fields.find((f) => f.name === 'Colour__c').length, 20, 'length');
  });

  await step('metadata.read() reads them back', async () => {
    const read = await conn.metadata.read('CustomField', field);
    equal([read.fullName, read.type, read.label, Number(read.length)], [field, 'Text', 'Colour', 20], 'field');
    const whole = await conn.metadata.read('CustomObject', object);
    equal([whole.fullName, whole.pluralLabel, whole.nameField.label], [object, 'Metas', 'Meta Name'], 'object');
    equal([whole.fields].flat().map((f) => f.fullName), ['Colour__c'], 'fields');
  });

  await step('metadata.update() and upsert()', async () => {
    const updated = await conn.metadata.update('CustomField', { fullName: field, label: 'Hue', type: 'Text', length: 30 });
    equal(updated.success, true, 'update');
    const [old, young] = await conn.metadata.upsert('CustomField', [
      { fullName: field, label: 'Hue', type: 'Text', length: 40 },
      { fullName: `${object}.Weight__c`, label: 'Weight', type: 'Number', precision: 5, scale: 1 },
    ]);
    equal([old.success, old.created, young.success, young.created], [true, false, true, true], 'upsert');
    equal((await conn.describe(object)).fields.find((f) => f.name === 'Colour__c').length, 40, 'length');
  });

  await step('what is wrong with a component is told with it', async () => {
    const wrong = await conn.metadata.create('CustomField', { fullName: field, label: 'x', type: 'LongTextArea', length: 9, visibleLines: 3 });
    equal([wrong.success, wrong.errors[0].statusCode ?? wrong.errors.statusCode], [false, 'FIELD_INTEGRITY_EXCEPTION'], 'result');
    const gone = await conn.metadata.delete('CustomField', `${object}.Gone__c`);
    const [error] = [gone.errors].flat();
    same(
      [gone.success, error.message, error.statusCode],
      [false, 'This custom field does not exist or is not accessible', 'INVALID_CROSS_REFERENCE_KEY'],
      'delete',
    );
  });

  await step('metadata.list() and describe()', async () => {
    const list = [await conn.metadata.list([{ type: 'CustomField' }, { type: 'CustomObject' }])].flat();
    check(list.some((one) => one.fullName === field && one.type === 'CustomField'), list);
    check(list.some((one) => one.fullName === 'Account' && one.type === 'CustomObject'), list);
    await refused(() => conn.metadata.list({ type: 'ApexClasses' }), 'sf:INVALID_TYPE', 'INVALID_TYPE: Unknown type:ApexClasses');
    const { metadataObjects, partialSaveAllowed } = await conn.metadata.describe();
    check([metadataObjects].flat().some((one) => one.xmlName === 'CustomObject' && one.directoryName === 'objects'), metadataObjects);
    equal(partialSaveAllowed, true, 'partialSaveAllowed');
  });

  await step('metadata.delete() takes them away', async () => {
    const gone = await conn.metadata.delete('CustomObject', object);
    equal([gone.fullName, gone.success], [object, true], 'object');
    await refused(() => conn.describe(object), 'NOT_FOUND', 'The requested resource does not exist');
  });

  const ship = `${run.name}_Ship__c`;
  const NS = 'xmlns="http://soap.sforce.com/2006/04/metadata"';
  const archive = (list) =>
    zip({
      'package.xml': `<Package ${NS}>${list}<version>62.0</version></Package>`,
      [`objects/${ship}.object`]: `<CustomObject ${NS}><deploymentStatus>Deployed</deploymentStatus><fields><fullName>Mast__c</fullName><label>Mast</label><length>9</length><type>Text</type></fields><label>Ship</label><nameField><label>Ship Name</label><type>Text</type></nameField><pluralLabel>Ships</pluralLabel><sharingModel>ReadWrite</sharingModel></CustomObject>`,
    });
  const listed = archive(`<types><members>${ship}</members><name>CustomObject</name></types>`);
  conn.metadata.pollInterval = 100;

  await step('metadata.deploy() takes files', async () => {
    const refusedOne = await conn.metadata.deploy(archive(''), { singlePackage: true }).complete(true);
    equal([refusedOne.status, refusedOne.success], ['Failed', false], 'not listed');
    equal(refusedOne.details.componentFailures[0].problem, 'Not in package.xml', 'problem');
    const done = await conn.metadata.deploy(listed, { singlePackage: true }).complete(true);
    equal([done.status, done.success, done.numberComponentsDeployed], ['Succeeded', true, 2], 'deployed');
    equal((await conn.describe(ship)).fields.find((f) => f.name === 'Mast__c').length, 9, 'length');
    await refused(() => conn.metadata.cancelDeploy(done.id), 'sf:INVALID_ID_FIELD', 'INVALID_ID_FIELD: Deployment already completed');
  });

  await step('metadata.deployRest() validates, and the validation is deployed', async () => {
    const made = await conn.metadata.deployRest(listed, { singlePackage: true, checkOnly: true, testLevel: 'RunLocalTests' });
    equal((await conn.metadata.checkDeployStatus(made.id, true, true)).status, 'Succeeded', 'validated');
    check(String(await conn.metadata.deployRecentValidation({ id: made.id, rest: true })).startsWith('0Af'), 'over REST');
    check(String(await conn.metadata.deployRecentValidation({ id: made.id })).startsWith('0Af'), 'over SOAP');
  });

  await step('metadata.retrieve() gives them back', async () => {
    const unpackaged = { types: [{ name: 'CustomObject', members: [ship, `${run.name}_Gone__c`] }], version: '62.0' };
    const found = await conn.metadata.retrieve({ apiVersion: '62.0', unpackaged }).complete();
    equal(found.status, 'Succeeded', 'status');
    check([found.fileProperties].flat().some((file) => file.fileName === `unpackaged/objects/${ship}.object`), found.fileProperties);
    equal([found.messages].flat()[0].problem, `Entity of type 'CustomObject' named '${run.name}_Gone__c' cannot be found`, 'missing');
    await conn.metadata.delete('CustomObject', ship);
  });
}
