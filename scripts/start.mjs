// `npm start`: installs what is missing, builds what is stale, then becomes the cluster.
import { build, checkNode, fail, install, root } from './lib/prepare.mjs';

try {
  checkNode();
  await install();
  await build();
} catch (error) {
  fail(error);
}
process.argv.splice(2, 0, 'up');
await import(`${root}/apps/server/dist/main.mjs`);
