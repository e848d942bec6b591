#!/usr/bin/env node
// `npx wheelhouse <command>`: the same programs one by one. `agent` is the node agent, the rest is the server's.
import { build, checkNode, fail, install, root } from './lib/prepare.mjs';

const agent = process.argv[2] === 'agent';
try {
  checkNode();
  await install();
  await build(agent ? ['node-agent'] : ['server', 'web']);
} catch (error) {
  fail(error);
}
if (agent) process.argv.splice(2, 1);
await import(`${root}/apps/${agent ? 'node-agent' : 'server'}/dist/main.mjs`);
