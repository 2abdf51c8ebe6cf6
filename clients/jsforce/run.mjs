// Drives an unmodified jsforce against a running server.
//
//   NODE_EXTRA_CA_CERTS=CA_FILE node run.mjs --ready FILE --transport http|https
//
// CA_FILE is the ready file's `ca_file`: Node reads it at start only. The run over http needs it too, for the login
// through the CONNECT tunnel.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Connection } from 'jsforce';
import { Suite, runName } from './harness.mjs';
import * as logins from './logins.mjs';
import * as schema from './schema.mjs';
import * as metadata from './metadata.mjs';
import * as apex from './apex.mjs';
import * as records from './records.mjs';
import * as blobs from './blobs.mjs';
import * as queries from './queries.mjs';
import * as pages from './pages.mjs';
import * as xml from './xml.mjs';
import * as actions from './actions.mjs';
import * as soap from './soap.mjs';
import * as faults from './faults.mjs';

const { values } = parseArgs({ options: { ready: { type: 'string' }, transport: { type: 'string' } } });
if (!values.ready || !['http', 'https'].includes(values.transport)) {
  console.error('usage: node run.mjs --ready FILE --transport http|https');
  process.exit(2);
}
const server = JSON.parse(readFileSync(values.ready, 'utf8'));
const base = (values.transport === 'http' ? server.url : server.tls_url).replace(/\/$/, '');
if (process.env.NODE_EXTRA_CA_CERTS !== server.ca_file) {
  console.error('NODE_EXTRA_CA_CERTS must name the ca_file of the ready file');
  process.exit(2);
}

const suite = new Suite('jsforce', values.transport);
const connect = (more = {}) =>
  new Connection({ instanceUrl: base, accessToken: server.access_token, version: server.api_version, ...more });
const run = { server, base, suite, connect, name: runName(), conn: connect(), root: `/services/data/v${server.api_version}` };
for (const part of [logins, schema, metadata, apex, records, blobs, queries, pages, actions, soap, faults, xml]) {
  await part.steps(run);
}
await schema.cleanUp(run);
process.exit(suite.finish());
