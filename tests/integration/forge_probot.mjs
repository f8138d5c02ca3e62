// A small app made with Probot, unchanged, on a forge: node forge_probot.mjs URL PRIVATE_KEY_FILE. It
// hears by webhook of each issue opened, signs in as an app, labels the issue and answers it. Run by
// forge_clients_test.py in a folder that holds probot. Prints "ok" or throws.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {createRequire} from 'node:module';
import path from 'node:path';
import {pathToFileURL} from 'node:url';

const folder = path.join(process.cwd(), 'node_modules', 'probot');
const {exports, main} = createRequire(path.join(process.cwd(), 'package.json'))(
  path.join(folder, 'package.json'));
const entry = exports?.['.']?.import ?? exports?.['.']?.default ?? exports?.['.'] ?? main;
const {Probot, ProbotOctokit, createNodeMiddleware} =
  await import(pathToFileURL(path.join(folder, entry)).href);

const [url, keyFile] = process.argv.slice(2);
const secret = 'the webhook secret';
const repo = `${url}/repos/sre-space/demo`;
const headers = {authorization: 'Bearer owner-token', 'content-type': 'application/json'};
const ask = async (method, where, body) => {
  const reply = await fetch(where, {method, headers, body: body && JSON.stringify(body)});
  assert.ok(reply.ok, `${method} ${where}: ${reply.status} ${await reply.clone().text()}`);
  return reply.json();
};

let settle;
const answered = new Promise((resolve, reject) => { settle = {resolve, reject}; });
const app = (robot) => {
  robot.on('issues.opened', async (context) => {
    try {
      await context.octokit.rest.issues.addLabels(context.issue({labels: ['triage']}));
      await context.octokit.rest.issues.createComment(context.issue({body: 'Seen by the keeper.'}));
      settle.resolve(context.payload.issue.number);
    } catch (error) {
      settle.reject(error);
    }
  });
};
const probot = new Probot({
  appId: 7, privateKey: readFileSync(keyFile, 'utf8'), secret, logLevel: 'fatal',
  Octokit: ProbotOctokit.defaults({baseUrl: url, throttle: {enabled: false}}),
});
const server = createServer(await createNodeMiddleware(app, {probot, webhooksPath: '/hook'}));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

await ask('POST', `${repo}/hooks`, {
  events: ['issues'],
  config: {url: `http://127.0.0.1:${server.address().port}/hook`, content_type: 'json', secret},
});
const {number} = await ask('POST', `${repo}/issues`, {title: 'the doors do not open'});
const late = setTimeout(() => settle.reject(new Error('the app heard nothing in 20 s')), 20_000);
assert.equal(await answered, number);
clearTimeout(late);
const issue = await ask('GET', `${repo}/issues/${number}`);
assert.deepEqual(issue.labels.map((label) => label.name), ['triage']);
const [comment] = await ask('GET', `${repo}/issues/${number}/comments`);
assert.equal(comment.body, 'Seen by the keeper.');
assert.equal(comment.user.login, 'keeper[bot]');
assert.equal(comment.user.type, 'Bot');
console.log('ok');
process.exit(0);
