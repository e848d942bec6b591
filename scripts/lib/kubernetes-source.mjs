// client-go as Debian has it: inside the source package of Kubernetes 1.20, since no package of its own exists.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './prepare.mjs';
import { step } from './run.mjs';

/** A GOPATH in which programs below `src/k8s.io/kubernetes` find client-go and all it needs. */
const kubernetesGoPath = join(root, 'node_modules', '.cache', 'kubernetes-go');

/** Debian's own, of the package golang-github-modern-go-reflect2-dev. */
const REFLECT2 = '/usr/share/gocode/src/github.com/modern-go/reflect2';

/** Downloads the source package, 34 MB, and keeps its libraries; nothing to do once that is done or without apt. */
export async function unpackKubernetesSource() {
  if (existsSync(kubernetesGoPath) || spawnSync('which', ['apt-get']).status !== 0) return;
  const work = `${kubernetesGoPath}.new`;
  rmSync(work, { recursive: true, force: true });
  const source = join(work, 'src/k8s.io/kubernetes');
  for (const directory of [source, join(work, 'lists/partial')]) mkdirSync(directory, { recursive: true });
  // The machine's own mirrors, of which it lists only the built packages.
  const sources = join(work, 'sources.list');
  writeFileSync(sources, `${debianMirrors().join('\n')}\n`);
  const options = `-o Dir::Etc::sourcelist=${sources} -o Dir::Etc::sourceparts=- -o Dir::State::lists=${work}/lists`;
  await step('Unpacking client-go', 'sh', [
    '-ec',
    `cd '${work}'
    apt-get -qq ${options} update
    apt-get -qq ${options} source --download-only kubernetes
    tar -xzf kubernetes_*.orig.tar.gz -C '${source}' --strip-components=1 --wildcards '*/vendor' '*/staging'
    rm -r kubernetes_* lists`,
  ]);
  // What Kubernetes 1.20 brings reads the maps of Go 1.17 and older; with newer ones it crashes.
  const reflect2 = join(source, 'vendor/github.com/modern-go/reflect2');
  rmSync(reflect2, { recursive: true });
  cpSync(REFLECT2, reflect2, { recursive: true });
  renameSync(work, kubernetesGoPath);
}

function debianMirrors() {
  const { stdout } = spawnSync(
    'apt-get',
    ['indextargets', '--format', '$(ORIGIN) $(SITE) $(RELEASE) $(COMPONENT)', 'Created-By: Packages'],
    { encoding: 'utf8' },
  );
  const lines = stdout.split('\n').filter((line) => line.startsWith('Debian '));
  return [...new Set(lines)].map((line) => line.replace('Debian ', 'deb-src '));
}
