// Every way in that the client has, and what it raises when the way is barred.

import { Connection, OAuth2 } from 'jsforce';
import { TOKEN, check, equal, goodId, refused, same } from './harness.mjs';

export const EXPIRED = { message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' };
const NO_LOGIN = 'INVALID_LOGIN: Invalid username, password, security token; or user locked out.';

export async function steps(run) {
  const { server, base, connect } = run;
  const { step } = run.suite;
  const secret = server.password + server.security_token;
  const client = { loginUrl: base, clientId: server.client_id, clientSecret: server.client_secret };
  const works = async (conn) => equal((await conn.query('SELECT Id FROM Organization')).totalSize, 1, 'organizations');
  const isUser = (info, url) => equal(info, { id: server.user_id, organizationId: server.org_id, url }, 'user');
  const idUrl = `${base}/id/${server.org_id}/${server.user_id}`;

  await step('access token and instance URL given directly', () => works(run.conn));

  await step('SOAP login answers session, instance and user', async () => {
    const conn = new Connection({ loginUrl: base });
    isUser(await conn.login(server.username, secret), idUrl);
    check(TOKEN.test(conn.accessToken), `shape of the session id: ${conn.accessToken}`);
    equal(conn.accessToken.split('!')[0], server.org_id.slice(0, 15), 'organization in the session id');
    equal(conn.instanceUrl, base, 'instance URL follows scheme and host');
    await works(conn);
  });

  await step('SOAP login with a wrong password is refused', async () => {
    await refused(() => new Connection({ loginUrl: base }).login(server.username, 'wrong'), undefined, NO_LOGIN);
  });

  await step('SOAP login of an unknown user is refused', async () => {
    await refused(() => new Connection({ loginUrl: base }).login('nobody@nowhere.invalid', secret), undefined, NO_LOGIN);
  });

  await step('SOAP login at the default https://login.salesforce.com through the CONNECT tunnel', async () => {
    const conn = new Connection({ httpProxy: server.proxy_url });
    isUser(await conn.login(server.username, secret), `https://login.salesforce.com/id/${server.org_id}/${server.user_id}`);
    equal(conn.instanceUrl, 'https://orglet.my.salesforce.com', 'the instance is not the host for logging in');
    await works(conn);
  });

  await step('OAuth password grant by login()', async () => {
    const conn = new Connection({ oauth2: client, loginUrl: base });
    isUser(await conn.login(server.username, secret), idUrl);
    equal(conn.instanceUrl, base, 'instance URL');
    check(TOKEN.test(conn.accessToken), `shape of the access token: ${conn.accessToken}`);
    await works(conn);
  });

  await step('OAuth password grant by oauth2.authenticate(): the whole token answer', async () => {
    const answer = await new OAuth2(client).authenticate(server.username, secret);
    for (const key of ['access_token', 'instance_url', 'id', 'token_type', 'issued_at', 'signature']) check(key in answer, `${key} is missing`);
    equal([answer.instance_url, answer.id, answer.token_type], [base, idUrl, 'Bearer'], 'answer');
    check(/^\d{13}$/.test(answer.issued_at), `issued_at: ${answer.issued_at}`);
    const key = await crypto.subtle.importKey('raw', Buffer.from(server.client_secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    const mac = await crypto.subtle.sign('HMAC', key, Buffer.from(answer.id + answer.issued_at));
    equal(answer.signature, Buffer.from(mac).toString('base64'), 'signature');
    check(!('refresh_token' in answer), 'the password grant gives no refresh token');
  });

  await step('OAuth password grant by authorize()', async () => {
    const conn = new Connection({ oauth2: client, instanceUrl: base });
    isUser(await conn.authorize({ grant_type: 'password', username: server.username, password: secret }), idUrl);
    await works(conn);
  });

  await step('client-credentials grant by authorize()', async () => {
    const conn = new Connection({ oauth2: client, instanceUrl: base });
    const user = await conn.authorize({ grant_type: 'client_credentials' });
    equal(user.organizationId, server.org_id, 'organization');
    goodId(user.id, '005');
    await works(conn);
  });

  await step('OAuth refusals carry error and description', async () => {
    await refused(() => new OAuth2(client).authenticate(server.username, 'wrong'), 'invalid_grant', 'authentication failure');
    const stranger = new OAuth2({ ...client, clientId: 'nosuchclient' });
    await refused(() => stranger.authenticate(server.username, secret), 'invalid_client_id', 'client identifier invalid');
    const liar = new OAuth2({ ...client, clientSecret: 'wrong' });
    await refused(() => liar.authenticate(server.username, secret), 'invalid_client', 'invalid client credentials');
    await refused(() => new OAuth2(client).requestToken({ grant_type: 'nonsense' }), 'unsupported_grant_type', 'grant type not supported');
  });

  await step('a session that is no session is refused with INVALID_SESSION_ID', async () => {
    const bad = connect({ accessToken: `${server.org_id.slice(0, 15)}!nosuchsession` });
    for (const call of [() => bad.query('SELECT Id FROM Account'), () => bad.describe('Account'), () => bad.create('Account', { Name: 'x' })]) {
      await refused(call, EXPIRED.errorCode, EXPIRED.message, EXPIRED);
    }
  });

  await step('a connection with a refresh function renews its session on 401', async () => {
    let calls = 0;
    const refreshFn = (conn, callback) => {
      calls += 1;
      callback(null, server.access_token);
    };
    const conn = connect({ accessToken: `${server.org_id.slice(0, 15)}!gone`, refreshFn });
    await works(conn);
    equal([calls, conn.accessToken], [1, server.access_token], 'refreshes');
  });

  await step('a connection that logged in by SOAP logs in again by itself', async () => {
    const conn = new Connection({ loginUrl: base });
    await conn.login(server.username, secret);
    conn.accessToken = `${server.org_id.slice(0, 15)}!gone`;
    await works(conn);
    check(!conn.accessToken.endsWith('!gone'), 'the session was not renewed');
  });

  await step('logout revokes an OAuth token', async () => {
    const conn = new Connection({ oauth2: client, instanceUrl: base });
    await conn.authorize({ grant_type: 'client_credentials' });
    const token = conn.accessToken;
    await conn.logout();
    equal(conn.accessToken, null, 'token of the connection');
    await refused(() => connect({ accessToken: token }).limits(), EXPIRED.errorCode, EXPIRED.message);
    await works(run.conn);
  });

  await step('logout ends a SOAP session', async () => {
    const conn = new Connection({ loginUrl: base });
    await conn.login(server.username, secret);
    const token = conn.accessToken;
    conn._sessionType = 'soap';
    await conn.logout();
    await refused(() => connect({ accessToken: token }).limits(), EXPIRED.errorCode, EXPIRED.message);
    await works(run.conn);
  });

  await step('identity() finds the identity URL by itself', async () => {
    const conn = connect();
    const who = await conn.identity();
    equal([who.user_id, who.organization_id, who.username], [server.user_id, server.org_id, server.username], 'identity');
    same(Object.keys(who).slice(0, 6), ['id', 'asserted_user', 'user_id', 'organization_id', 'username', 'nick_name'], 'first keys');
    equal([who.id, who.asserted_user, who.active], [idUrl, true, true], 'identity');
    equal(who.urls.rest, `${base}/services/data/v{version}/`, 'urls.rest');
    equal(conn.userInfo, { id: server.user_id, organizationId: server.org_id, url: idUrl }, 'userInfo');
  });

  await step('identity with a bad token is refused as plain text', async () => {
    const bad = connect({ accessToken: `${server.org_id.slice(0, 15)}!nosuchsession` });
    const url = `${idUrl}?format=json&oauth_token=nosuchtoken`;
    await refused(() => bad.request(url), 'ERROR_HTTP_403', 'Bad_OAuth_Token');
  });

  await step('userinfo', async () => {
    const info = await run.conn.requestGet('/services/oauth2/userinfo');
    equal([info.user_id, info.organization_id, info.preferred_username], [server.user_id, server.org_id, server.username], 'userinfo');
    equal(info.sub, idUrl, 'sub');
  });
}
