// Drives a forge with @octokit/rest and its retry plugin: node forge_clients.mjs URL. Run by
// forge_clients_test.py in a folder that holds both packages. Prints "ok" or throws.
import assert from 'node:assert/strict';
import {createRequire} from 'node:module';
import path from 'node:path';
import {pathToFileURL} from 'node:url';

const require = createRequire(path.join(process.cwd(), 'package.json'));
const load = async (name) => {
  try {
    return require(name);
  } catch {
    const folder = path.join(process.cwd(), 'node_modules', name);
    const {exports} = require(path.join(folder, 'package.json'));
    const entry = exports['.'].import ?? exports['.'].default;
    return import(pathToFileURL(path.join(folder, entry)).href);
  }
};
const {Octokit} = await load('@octokit/rest');
const {retry} = await load('@octokit/plugin-retry');

const octokit = new (Octokit.plugin(retry))({
  auth: 'owner-token', baseUrl: process.argv[2], log: {...console, warn() {}, debug() {}},
});
const at = {owner: 'sre-space', repo: 'demo'};

const {data: me} = await octokit.rest.users.getAuthenticated();
assert.equal(me.login, 'sre-space');

for (let i = 1; i <= 5; ++i) {
  await octokit.rest.issues.create({...at, title: `octokit ${i}`, labels: ['octo kit/1']});
}
const all = await octokit.paginate(octokit.rest.issues.listForRepo,
  {...at, labels: 'octo kit/1', state: 'all', per_page: 2});
assert.deepEqual(all.map((issue) => issue.title),
  [5, 4, 3, 2, 1].map((i) => `octokit ${i}`));
const issue_number = all[0].number;

const {data: comment} =
  await octokit.rest.issues.createComment({...at, issue_number, body: 'by octokit 🎉'});
await octokit.rest.issues.updateComment({...at, comment_id: comment.id, body: 'edited'});
const comments = await octokit.paginate(octokit.rest.issues.listComments, {...at, issue_number});
assert.deepEqual(comments.map((one) => one.body), ['edited']);
const {data: reaction} = await octokit.rest.reactions.createForIssueComment(
  {...at, comment_id: comment.id, content: 'rocket'});
await octokit.rest.reactions.deleteForIssueComment(
  {...at, comment_id: comment.id, reaction_id: reaction.id});

await octokit.rest.issues.removeLabel({...at, issue_number, name: 'octo kit/1'});
await octokit.rest.issues.addLabels({...at, issue_number, labels: ['done']});
await octokit.rest.issues.addAssignees({...at, issue_number, assignees: ['tom']});
await octokit.rest.issues.lock({...at, issue_number, lock_reason: 'resolved'});
await octokit.rest.issues.unlock({...at, issue_number});
const {data: closed} =
  await octokit.rest.issues.update({...at, issue_number, state: 'closed'});
assert.equal(closed.state_reason, 'completed');
assert.deepEqual(closed.labels.map((label) => label.name), ['done']);

const {data: milestone} = await octokit.rest.issues.createMilestone({...at, title: 'octokit'});
await octokit.rest.issues.deleteMilestone({...at, milestone_number: milestone.number});

const found = await octokit.paginate(octokit.rest.search.issuesAndPullRequests,
  {q: 'repo:sre-space/demo is:issue is:open octokit', per_page: 3});
assert.equal(found.length, 4);

const {data: hook} = await octokit.rest.repos.createWebhook(
  {...at, config: {url: 'http://127.0.0.1:9/', content_type: 'json'}, events: ['issues']});
await octokit.rest.repos.listWebhookDeliveries({...at, hook_id: hook.id});
await octokit.rest.repos.deleteWebhook({...at, hook_id: hook.id});

await assert.rejects(octokit.rest.issues.get({...at, issue_number: 9999}), {status: 404});
await assert.rejects(octokit.rest.issues.create({...at, title: 'x'.repeat(257)}), {status: 422});

console.log('ok');
