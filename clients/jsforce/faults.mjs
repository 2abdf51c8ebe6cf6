// Errors on demand: every row of the server's catalogue is forced by its id, and the client raises what belongs to it.

import { Connection, OAuth2 } from 'jsforce';
import { check, equal, refused } from './harness.mjs';

// In every place of every message: what each format has to escape.
const VALUE = 'x & <é>';
const JOB = '750000000000001AAA';
const DROPPED = /ECONNRESET|socket hang up|other side closed|fetch failed/i;

const escaped = (text) =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;').replace(/'/g, '&apos;');

// A template of the row with the value in its places; without the piece of the query before it.
function filled(row, template) {
  return row.values.reduce((text, name) => text.replaceAll(`{${name}}`, name === 'context' ? '' : VALUE), template);
}

// Code, message and fields that the row's errors tell.
function told(row) {
  return {
    code: row.code,
    message: filled(row, row.template_61 ?? row.template),
    fields: row.fields === null ? undefined : row.fields.map((field) => filled(row, field)),
  };
}

function isMessage(row, actual, expected = told(row).message) {
  if (row.values.includes('context')) {
    check(actual.startsWith('\n') && actual.includes('^\nERROR at Row:1:Column:'), `no piece of the query: ${actual}`);
    equal(actual.slice(-expected.length), expected, 'message');
  } else {
    equal(actual, expected, 'message');
  }
}

// Fails unless this object tells the row's error.
function isError(row, error, codeName = 'errorCode', fields = told(row).fields) {
  equal(error[codeName], row.code, 'code');
  isMessage(row, error.message);
  equal(error.fields, fields, 'fields');
}

export async function steps(run) {
  const { server, base, conn, root, name } = run;
  const { step } = run.suite;
  const client = { loginUrl: base, clientId: server.client_id, clientSecret: server.client_secret };

  const admin = async (method, path, body) => {
    const headers = { Authorization: `Bearer ${server.admin_token}`, 'Content-Type': 'application/json' };
    const answer = await fetch(server.admin_url + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    check(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
  const post = (path, body) => conn.requestPost(`${root}/${path}`, body);

  // The calls in which a client meets the errors of an area.
  const calls = {
    auth: () => conn.describeGlobal(),
    routing: () => conn.requestGet(`${root}/nothing`),
    limits: () => conn.limits(),
    crud: () => conn.create('Account', { Name: 'x' }),
    query: () => conn.query('SELECT Id FROM Account'),
    search: () => conn.search('FIND {x}'),
    composite: () => post('composite/sobjects', { records: [{}] }),
    bulk: () => post('jobs/ingest', {}),
    metadata: () => conn.requestGet(`${root}/sobjects/Nothing__c/describe`),
  };

  // What the call raises; its code as given.
  const raised = (row, code, call = calls[row.area]) => refused(call, code);
  const unread = (row) => `ERROR_HTTP_${row.status}`;
  const seen = (row) => conn._transport.httpRequest({ method: 'GET', url: `${base}${root}/limits`, headers: { Authorization: `Bearer ${server.access_token}` } });

  const array = async (row) => {
    const error = await raised(row, row.code);
    isMessage(row, error.message);
    isError(row, error.data);
  };
  // A body that is no platform error: the client's own code, and the body as the message.
  const text = async (row) => isMessage(row, (await raised(row, unread(row))).message);
  const oauth = async (row) => {
    const error = await refused(() => new OAuth2(client).authenticate(server.username, server.password), row.code);
    equal(error.message, told(row).message, 'message');
  };
  const xml = async (row, answer) => {
    check(answer.includes(`<message>${escaped(told(row).message)}</message>`), answer);
    check(answer.includes(`<statusCode>${row.code}</statusCode>`), answer);
  };

  const forms = {
    array,
    object: async (row) => isError(row, (await raised(row, row.code)).data),
    ui: async (row) => isError(row, (await raised(row, row.code)).data),
    duplicates: async (row) => {
      check('duplicateResut' in (await raised(row, row.code)).data, 'no matches');
      await array(row);
    },
    gateway: async (row) => equal(JSON.parse((await raised(row, unread(row))).message).error.message, told(row).message, 'message'),
    choices: async (row) => {
      const error = await raised(row, 'MULTIPLE_CHOICES');
      equal(error.data, told(row).message.split('\n'), 'paths');
    },
    none: async (row) => {
      if (row.status < 400) equal(await calls[row.area](), '', 'answer');
      else equal((await raised(row, unread(row))).message, '', 'message');
    },
    text,
    page: text,
    oauth,
    'oauth-uri': oauth,
    redirect: async (row) => {
      // The client goes where it is led; a browser's own request stays here.
      const { status, headers } = await fetch(`${base}/services/oauth2/authorize`, { redirect: 'manual' });
      const query = new URL(headers.get('location')).searchParams;
      equal([status, query.get('error'), query.get('error_description')], [row.status, row.code, told(row).message], 'redirect');
    },
    'fault-code': async (row) => check((await raised(row, unread(row))).message.includes(`<faultcode>${row.code}(`), 'no fault code'),
    soap: async (row) => {
      const error = await refused(() => new Connection({ loginUrl: base }).login(server.username, server.password));
      const begin = `${row.code}: `;
      check(error.message.startsWith(begin), error.message);
      isMessage(row, error.message.slice(begin.length), escaped(told(row).message));
    },
    'soap-row': async (row) => xml(row, (await seen(row)).body),
    'metadata-row': async (row) => xml(row, (await seen(row)).body),
    composite: async (row) => {
      const { compositeResponse } = await post('composite', { compositeRequest: [{ referenceId: 'a' }, { referenceId: 'b' }] });
      equal(compositeResponse.map((part) => part.referenceId), ['a', 'b'], 'parts');
      compositeResponse.forEach((part) => isError(row, part.body[0]));
    },
    graph: async (row) => isError(row, (await post('composite/graph', {})).graphs[0].graphResponse.compositeResponse[0].body[0]),
    batch: async (row) => isError(row, (await post('composite/batch', {})).results[0].result[0]),
    collections: async (row) => {
      const results = await conn.create('Account', [{ Name: 'a' }, { Name: 'b' }]);
      equal(results.map((result) => result.success), [false, false], 'success');
      isError(row, results[0].errors[0], 'statusCode', told(row).fields ?? []);
    },
    tree: async (row) => {
      const body = { records: [{ attributes: { type: 'Account', referenceId: 'one' } }] };
      const { message } = await raised(row, unread(row), () => post('composite/tree/Account', body));
      const [result] = JSON.parse(message).results;
      equal(result.referenceId, 'one', 'reference');
      isError(row, result.errors[0], 'statusCode');
    },
    bulk: async (row) => {
      const error = await raised(row, row.code, () => conn.bulk.createJob('Account', 'insert').open());
      equal(error.message, told(row).message, 'message');
    },
    'bulk-row': async (row) => isError(row, (await calls.bulk())[0].errors[0], 'statusCode'),
    'batch-info': async (row) => {
      const { batchInfo } = await conn.requestGet(`/services/async/${server.api_version}/job/${JOB}/batch/751`);
      equal([batchInfo.jobId, batchInfo.state, batchInfo.stateMessage], [JOB, 'Failed', told(row).message], 'batch');
    },
    job: async (row) => {
      const job = await conn.requestGet(`${root}/jobs/ingest/${JOB}`);
      equal([job.id, job.state, job.errorMessage], [JOB, 'Failed', told(row).message], 'job');
    },
    csv: async (row) => equal((await conn.requestGet(`${root}/jobs/ingest/${JOB}/failedResults`))[0].sf__Error, told(row).message, 'row'),
  };

  const { errors } = await admin('GET', '/errors');
  for (const area of new Set(errors.map((row) => row.area))) {
    const own = errors.filter((row) => row.area === area);
    await step(`every error of ${area} (${own.length}) is forced by its id and raised`, async () => {
      const wrong = [];
      for (const row of own) {
        const values = Object.fromEntries(row.values.filter((one) => one !== 'context').map((one) => [one, VALUE]));
        await admin('POST', '/orgs/default/faults', { error: row.id, values });
        try {
          await forms[row.form](row);
        } catch (error) {
          wrong.push(`${row.id}: ${error.message}`);
        } finally {
          await admin('DELETE', '/orgs/default/faults');
        }
      }
      check(wrong.length === 0, `${wrong.length} wrong: ${wrong.join('; ')}`);
    });
  }

  await step('a rule strikes the requests that it names alone, as often as it says', async () => {
    await admin('POST', '/orgs/default/faults', { error: 'crud-060', method: 'POST', object: 'Account', first: 1 });
    await refused(() => conn.create('Account', { Name: `${name} fault` }), 'UNABLE_TO_LOCK_ROW');
    equal((await conn.create('Account', { Name: `${name} fault` })).success, true, 'success');
    const [rule] = (await admin('GET', '/orgs/default/faults')).faults;
    equal([rule.matched, rule.fired], [2, 1], 'counts');
    await admin('DELETE', '/orgs/default/faults');
  });

  await step('connections are dropped', async () => {
    for (const drop of ['before', 'after']) {
      await admin('POST', '/orgs/default/faults', { method: 'POST', object: 'Account', drop });
      const error = await refused(() => conn.create('Account', { Name: `${name} fault` })).finally(() => admin('DELETE', '/orgs/default/faults'));
      check(DROPPED.test(`${error.code} ${error.message}`), `${error.code} ${error.message}`);
    }
  });
}
