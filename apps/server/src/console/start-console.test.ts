import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BrowserToServer,
  consoleSocketPath,
  type Deltas,
  type FleetChange,
  type FleetObject,
  type FleetPlace,
  fleetKey,
  type ServerToBrowser,
  type Snapshot,
} from '@wheelhouse/shared/console/protocol';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { secretKind } from '@wheelhouse/shared/kinds/core/secret';
import pino from 'pino';
import { io, type Socket } from 'socket.io-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Console, startConsole } from './start-console';
import { MemoryClient } from './testing/memory-client';

const log = pino({ level: 'silent' });
const INLINE = 'self.here=1';

let directory: string;
let client: MemoryClient;
let console: Console;
const sockets: Socket[] = [];

const api = {
  handle: vi.fn((_req: unknown, res: import('node:http').ServerResponse, user: { name: string }) => {
    res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ seenAs: user.name }));
  }),
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wheelhouse-console-'));
  const web = join(directory, 'web');
  await mkdir(join(web, '_next/static'), { recursive: true });
  await writeFile(join(web, 'index.html'), `<html><script>${INLINE}</script><p>bridge</p></html>`);
  await writeFile(join(web, 'pods.html'), '<html><p>pods</p></html>');
  await writeFile(join(web, '_next/static/a.js'), 'export {};');
  client = new MemoryClient();
  client.put(namespaceKind, { metadata: { name: 'default' } });
  console = await open();
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.disconnect();
  await console.stop();
  await rm(directory, { recursive: true, force: true });
});

const open = (port = 0) =>
  startConsole({
    api,
    client,
    port,
    webDirectory: join(directory, 'web'),
    dataDir: join(directory, 'data'),
    log,
  });

async function signIn(): Promise<string> {
  const answer = await fetch(console.signInUrl(), { redirect: 'manual' });
  expect(answer.status).toBe(303);
  return (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

describe('signing in', () => {
  it('gives a strict, http-only session for a link that works once', async () => {
    const link = console.signInUrl();
    const answer = await fetch(link, { redirect: 'manual' });
    expect(answer.headers.get('location')).toBe('/');
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    const again = await fetch(link, { redirect: 'manual' });
    expect(again.status).toBe(403);
    expect(await again.text()).toContain('npx wheelhouse console-url');
  });

  it('keeps a link in the data directory, for the owner alone, that works again and across restarts', async () => {
    const file = join(directory, 'data', 'console-url');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const link = (await readFile(file, 'utf8')).trim();
    for (const _ of [1, 2]) expect((await fetch(link, { redirect: 'manual' })).status).toBe(303);
    const cookie = await signIn();
    const { port } = console;
    await console.stop();
    console = await open(port);
    expect((await fetch(link, { redirect: 'manual' })).status).toBe(303);
    expect((await fetch(`${console.url}/`, { headers: { cookie } })).status).toBe(200);
  });

  it('shows a signed-out page, not the console, and refuses the API, without a session', async () => {
    const page = await fetch(`${console.url}/`);
    expect(page.status).toBe(401);
    expect(await page.text()).toContain('signed out');
    const forged = { cookie: `wheelhouse-${console.port}=YWRtaW4.9999999999999.x.forged` };
    const refused = await fetch(`${console.url}/api/v1/pods`, { headers: forged });
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ kind: 'Status', reason: 'Unauthorized' });
    expect(api.handle).not.toHaveBeenCalled();
  });

  it('ends with signing out', async () => {
    const cookie = await signIn();
    const answer = await fetch(`${console.url}/signout`, {
      method: 'POST',
      headers: { cookie },
      redirect: 'manual',
    });
    expect(answer.headers.get('set-cookie')).toMatch(/Max-Age=0/);
  });
});

describe('requests', () => {
  it('serves pages by their names, with a policy that allows only the scripts they were made with', async () => {
    const cookie = await signIn();
    const page = await fetch(`${console.url}/`, { headers: { cookie } });
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/script-src 'self' 'sha256-[A-Za-z0-9+/]+=*'/);
    expect(policy.split(';').find((rule) => rule.includes('script-src'))).not.toContain('unsafe');
    expect(await (await fetch(`${console.url}/pods`, { headers: { cookie } })).text()).toContain('pods');
    expect((await fetch(`${console.url}/none`, { headers: { cookie } })).status).toBe(404);
    expect((await fetch(`${console.url}/%2e%2e/%2e%2e/etc/passwd`, { headers: { cookie } })).status).toBe(
      404,
    );
    const script = await fetch(`${console.url}/_next/static/a.js`);
    expect(script.headers.get('cache-control')).toContain('immutable');
  });

  it('hands the API the signed-in user', async () => {
    const cookie = await signIn();
    const answer = await fetch(`${console.url}/api/v1/pods`, { headers: { cookie } });
    expect(await answer.json()).toEqual({ seenAs: 'admin' });
  });

  it('refuses what another site caused', async () => {
    const cookie = await signIn();
    const cases: Record<string, string>[] = [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of cases) {
      const answer = await fetch(`${console.url}/api/v1/pods`, {
        method: 'POST',
        headers: { cookie, ...headers },
      });
      expect(answer.status).toBe(403);
    }
  });

  it('says so when its port is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await expect(open(port)).rejects.toThrow(/Port \d+ is taken.*--console-port/);
    taken.close();
  });

  it('says so when it is not built', async () => {
    await rm(join(directory, 'web/index.html'));
    await expect(open()).rejects.toThrow(/not built/);
  });
});

/** A browser: holds what it was told, and fails when a message does not follow the one before. */
class Viewer {
  readonly objects = new Map<string, FleetObject>();
  place: FleetPlace | undefined;
  snapshots = 0;
  readonly socket: Socket<ServerToBrowser, BrowserToServer>;
  constructor(cookie: string, resumeFrom?: FleetPlace, origin = console.url) {
    this.socket = io(console.url, {
      path: consoleSocketPath,
      transports: ['websocket'],
      extraHeaders: { cookie, origin },
      reconnection: false,
      forceNew: true,
    });
    sockets.push(this.socket);
    this.place = resumeFrom;
    this.socket.on('connect', () => this.socket.emit('hello', resumeFrom ? { resumeFrom } : {}));
    this.socket.on('snapshot', (part) => this.#snapshot(part));
    this.socket.on('deltas', (deltas) => this.#deltas(deltas));
  }
  #snapshot(part: Snapshot): void {
    if (part.first) this.objects.clear();
    for (const object of part.objects) this.objects.set(fleetKey(object), object);
    if (part.last) this.snapshots += 1;
    this.place = { epoch: part.epoch, seq: part.seq };
    this.socket.emit('ack', part.seq);
  }
  #deltas(message: Deltas): void {
    if (message.from !== this.place?.seq)
      throw new Error(`a gap: at ${this.place?.seq}, got ${message.from}`);
    for (const change of message.changes) this.#apply(change);
    this.place = { epoch: message.epoch, seq: message.to };
    this.socket.emit('ack', message.to);
  }
  #apply(change: FleetChange): void {
    if ('put' in change) this.objects.set(fleetKey(change.put), change.put);
    else this.objects.delete(change.drop);
  }
}

const pod = (name: string, phase = 'Running') =>
  client.put(podKind, {
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'main', image: 'x' }], nodeName: 'node-1' },
    status: { phase },
  });

describe('the live fleet', () => {
  it('sends what there is, then what changes, then what is gone', async () => {
    pod('a');
    const viewer = new Viewer(await signIn());
    await vi.waitFor(() => expect(viewer.objects.get('pods/default/a')).toMatchObject({ phase: 'Running' }));
    pod('b', 'Pending');
    await vi.waitFor(() => expect(viewer.objects.get('pods/default/b')).toMatchObject({ phase: 'Pending' }));
    client.remove(podKind, { namespace: 'default', name: 'a' });
    await vi.waitFor(() => expect(viewer.objects.has('pods/default/a')).toBe(false));
    expect(viewer.snapshots).toBe(1);
  });

  it('goes on after a disconnect where it stopped, without a snapshot', async () => {
    const cookie = await signIn();
    const first = new Viewer(cookie);
    pod('a');
    await vi.waitFor(() => expect(first.objects.has('pods/default/a')).toBe(true));
    first.socket.disconnect();
    const { place } = first;
    pod('b');
    client.remove(podKind, { namespace: 'default', name: 'a' });
    const second = new Viewer(cookie, place);
    await vi.waitFor(() => expect(second.objects.has('pods/default/b')).toBe(true));
    expect(second.snapshots).toBe(0);
  });

  it('begins anew for somebody who comes from another server', async () => {
    pod('a');
    const viewer = new Viewer(await signIn(), { epoch: 'another', seq: 1 });
    await vi.waitFor(() => expect(viewer.snapshots).toBe(1));
    expect(viewer.objects.has('pods/default/a')).toBe(true);
  });

  it('never sends what a secret holds', async () => {
    client.put(secretKind, {
      metadata: { name: 's', namespace: 'default' },
      data: { password: 'aHVudGVyMg==' },
    });
    const viewer = new Viewer(await signIn());
    await vi.waitFor(() =>
      expect(viewer.objects.get('secrets/default/s')).toMatchObject({ keys: ['password'] }),
    );
    expect(JSON.stringify([...viewer.objects.values()])).not.toContain('aHVudGVyMg');
  });

  it('opens no socket without a session, or for another site', async () => {
    const refused = async (viewer: Viewer) => {
      const error = vi.fn();
      viewer.socket.on('connect_error', error);
      await vi.waitFor(() => expect(error).toHaveBeenCalled());
    };
    await refused(new Viewer('none=1'));
    await refused(new Viewer(await signIn(), undefined, 'http://evil.example'));
  });

  it('answers a probe and pulses', async () => {
    const viewer = new Viewer(await signIn());
    const pulse = new Promise((resolve) => viewer.socket.once('pulse', resolve));
    const time: number = await viewer.socket.timeout(5_000).emitWithAck('probe');
    expect(Math.abs(time - Date.now())).toBeLessThan(60_000);
    expect(await pulse).toMatchObject({ current: true });
  });
});
