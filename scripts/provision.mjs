// What the tests need beyond npm packages, on Debian as root: Docker, etcd, nftables, Chromium, busybox,
// and clients in other languages.
// Elsewhere it says what is missing. Tests never skip for want of these when CI=true: they fail.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { unpackKubernetesSource } from './lib/kubernetes-source.mjs';
import { root } from './lib/prepare.mjs';
import { step } from './lib/run.mjs';

/** Debian package → a file that proves that it is there. */
const needs = {
  'docker.io': '/usr/sbin/dockerd',
  iptables: '/usr/sbin/iptables',
  nftables: '/usr/sbin/nft',
  iproute2: '/usr/sbin/ip',
  conntrack: '/usr/sbin/conntrack',
  'etcd-server': '/usr/bin/etcd',
  'etcd-client': '/usr/bin/etcdctl',
  procps: '/usr/bin/pgrep',
  chromium: '/usr/bin/chromium',
  'busybox-static': '/usr/bin/busybox',
  'python3-kubernetes': '/usr/lib/python3/dist-packages/kubernetes/__init__.py',
  'golang-go': '/usr/bin/go',
  'golang-github-modern-go-reflect2-dev': '/usr/share/gocode/src/github.com/modern-go/reflect2/reflect2.go',
  'ruby-kubeclient': '/usr/share/doc/ruby-kubeclient/copyright',
};

const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;

export async function provision() {
  const missing = Object.keys(needs).filter((name) => !existsSync(needs[name]));
  // kubectl may come from anywhere; Debian's own (1.20) is better than none.
  if (!has('kubectl')) missing.push('kubernetes-client');
  if (missing.length > 0) {
    if (process.getuid?.() !== 0 || !has('apt-get')) {
      throw new Error(
        `The tests need: ${missing.join(', ')}. Install them (Debian's package names), then run npm test again.`,
      );
    }
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await step('Reading package lists', 'apt-get', ['update', '-qq'], { env });
    await step(
      `Installing ${missing.join(', ')}`,
      'apt-get',
      ['install', '-y', '-qq', '--no-install-recommends', ...missing],
      { env },
    );
  }
  await unpackOldKubectl();
  await unpackKubernetesSource();
  await startDocker();
}

/** Debian's kubectl 1.20 beside whatever is installed: its package clashes with others, so it is only unpacked. */
async function unpackOldKubectl() {
  const target = join(root, 'node_modules', '.cache', 'kubectl-1.20');
  if (existsSync(join(target, 'usr', 'bin', 'kubectl')) || !has('apt-get') || !has('dpkg')) return;
  mkdirSync(target, { recursive: true });
  await step('Unpacking kubectl 1.20', 'sh', [
    '-c',
    `chmod 755 '${target}' && cd '${target}' && apt-get download kubernetes-client && dpkg -x kubernetes-client_*.deb . && rm kubernetes-client_*.deb`,
  ]);
}

const dockerAnswers = () => spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 20_000 }).status === 0;

/** Starts dockerd where none answers. It outlives this script: a developer's next run finds it. */
async function startDocker() {
  if (dockerAnswers()) return;
  if (process.getuid?.() !== 0)
    throw new Error(
      'The tests need a running Docker that this user may use. Start it, then run npm test again.',
    );
  process.stdout.write('  Starting dockerd …\n');
  const directory = join(tmpdir(), 'wheelhouse-logs');
  mkdirSync(directory, { recursive: true });
  const log = openSync(join(directory, 'dockerd.log'), 'a');
  spawn('dockerd', [], { detached: true, stdio: ['ignore', log, log] }).unref();
  for (let attempt = 0; attempt < 120; attempt++) {
    if (dockerAnswers()) return;
    await delay(500);
  }
  throw new Error(`dockerd did not come up within 60 s; its log: ${join(directory, 'dockerd.log')}`);
}

if (import.meta.url === `file://${process.argv[1]}`) {
  try {
    await provision();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
