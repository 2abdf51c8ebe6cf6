// Bytes of records, up and down: base64, multipart, streams.

import { equal, goodId } from './harness.mjs';

const HELLO = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

async function bytes(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function steps(run) {
  const { conn, server } = run;
  const { step } = run.suite;

  await step('an attachment in base64 comes back as a stream', async () => {
    const { id: ParentId } = await conn.sobject('Account').create({ Name: `${run.name} with files` });
    const { id } = await conn.sobject('Attachment').create({ ParentId, Name: 'all.bin', Body: HELLO.toString('base64') });
    goodId(id, '00P');
    equal((await bytes(conn.sobject('Attachment').record(id).blob('Body'))).equals(HELLO), true, 'bytes');
    equal((await conn.sobject('Attachment').retrieve(id)).BodyLength, 256, 'length');
    await conn.sobject('Account').destroy(ParentId);
  });

  await step('a file goes up as multipart/form-data and has a document', async () => {
    const record = { Title: run.name, PathOnClient: 'all.bin', VersionData: HELLO.toString('base64') };
    const multipartFileFields = { VersionData: { filename: 'all.bin', contentType: 'application/octet-stream' } };
    const { id } = await conn.sobject('ContentVersion').create(record, { multipartFileFields });
    goodId(id, '068');
    const row = await conn.sobject('ContentVersion').retrieve(id);
    equal([row.VersionNumber, row.IsLatest, row.ContentSize, row.OwnerId], ['1', true, 256, server.user_id], 'facts');
    equal((await bytes(conn.sobject('ContentVersion').record(id).blob('VersionData'))).equals(HELLO), true, 'bytes');
    await conn.sobject('ContentDocument').destroy(row.ContentDocumentId);
  });
}
