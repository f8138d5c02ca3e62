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

// A fix: blobs to a tree to a commit to a branch, checked, reviewed in words, squashed.
const {data: main} = await octokit.rest.git.getRef({...at, ref: 'heads/main'});
const {data: blob} = await octokit.rest.git.createBlob({...at, content: 'memory: 1Gi\n'});
const {data: tree} = await octokit.rest.git.createTree({...at, base_tree: main.object.sha,
  tree: [{path: 'deploy/limits.yaml', mode: '100644', type: 'blob', sha: blob.sha}]});
const {data: commit} = await octokit.rest.git.createCommit(
  {...at, message: 'raise the limit', tree: tree.sha, parents: [main.object.sha]});
await octokit.rest.git.createRef({...at, ref: 'refs/heads/fix/limit', sha: commit.sha});
await octokit.rest.repos.getBranch({...at, branch: 'fix/limit'});
const {data: file} = await octokit.rest.repos.getContent(
  {...at, path: 'deploy/limits.yaml', ref: 'fix/limit'});
assert.equal(Buffer.from(file.content, 'base64').toString(), 'memory: 1Gi\n');
await octokit.rest.repos.updateBranchProtection({...at, branch: 'main', enforce_admins: true,
  required_status_checks: {strict: true, contexts: ['replay']}, restrictions: null,
  required_pull_request_reviews: null});
const {data: pull} = await octokit.rest.pulls.create(
  {...at, title: 'Raise the limit', head: 'fix/limit', base: 'main'});
const which = {...at, pull_number: pull.number};
const merge = {...which, merge_method: 'squash', sha: commit.sha};
await assert.rejects(octokit.rest.pulls.merge(merge), {status: 405});
const {data: run} = await octokit.rest.checks.create(
  {...at, name: 'replay', head_sha: commit.sha, status: 'in_progress'});
await octokit.rest.checks.update({...at, check_run_id: run.id, conclusion: 'success'});
await octokit.rest.repos.createCommitStatus(
  {...at, sha: commit.sha, state: 'success', context: 'ci'});
const files = await octokit.paginate(octokit.rest.pulls.listFiles, {...which, per_page: 1});
assert.deepEqual(files.map((one) => one.filename), ['deploy/limits.yaml']);
await octokit.rest.pulls.createReview({...which, event: 'COMMENT', body: 'by the rules'});
await octokit.rest.issues.createComment({...at, issue_number: pull.number, body: 'merging'});
await assert.rejects(octokit.rest.pulls.merge({...merge, sha: main.object.sha}), {status: 409});
const {data: merged} = await octokit.rest.pulls.merge(merge);
assert.equal((await octokit.rest.repos.getCommit({...at, ref: 'main'})).data.sha, merged.sha);
await octokit.rest.git.deleteRef({...at, ref: 'heads/fix/limit'});

await assert.rejects(octokit.rest.issues.get({...at, issue_number: 9999}), {status: 404});
await assert.rejects(octokit.rest.issues.create({...at, title: 'x'.repeat(257)}), {status: 422});

console.log('ok');
