import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@wheelhouse/shared/clock';
import { openCertificateAuthority } from '../../../apps/server/src/auth/certificate-authority';
import type { Target } from './load-messages';

/**
 * Answers every request with the same bytes once it has come in, `/many/N` with so many times those bytes, and every
 * `/watch` with each line that comes on standard input.
 */
const PROGRAM = `
import { createServer } from 'node:https';
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
const [directory] = process.argv.slice(2);
const body = readFileSync(directory + '/body');
const many = new Map();
const watchers = new Set();
const server = createServer({ key: readFileSync(directory + '/key'), cert: readFileSync(directory + '/cert') }, (req, res) => {
  res.setHeader('content-type', 'application/json');
  if (req.url === '/watch') { res.write('{"type":"ADDED"}\\n'); watchers.add(res); return; }
  let answer = body;
  if (req.url.startsWith('/many/')) {
    answer = many.get(req.url);
    if (!answer) {
      answer = Buffer.concat(Array.from({ length: Number(req.url.slice(6)) }, () => body));
      many.set(req.url, answer);
    }
  }
  const end = () => {
    res.setHeader('content-length', answer.length);
    res.end(answer);
  };
  if (req.method === 'GET') end();
  else req.resume().on('end', end);
});
createInterface({ input: process.stdin }).on('line', (line) => { for (const res of watchers) res.write(line + '\\n'); });
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

export interface BareServer extends Target {
  readonly pid: number;
  /** Sends one line to everybody who watches. */
  send(line: string): void;
  stop(): Promise<void>;
}

/** The least that a Node HTTPS server can do: the ceiling that a real one is compared with. A process of its own. */
export async function startBareServer(body: string): Promise<BareServer> {
  const directory = mkdtempSync(join(tmpdir(), 'wheelhouse-bare-'));
  const authority = await openCertificateAuthority(join(directory, 'pki'), systemClock);
  const { certificate, key } = await authority.issueServer(['127.0.0.1', 'localhost'], 1);
  writeFileSync(join(directory, 'program.mjs'), PROGRAM);
  writeFileSync(join(directory, 'body'), body);
  writeFileSync(join(directory, 'cert'), certificate);
  writeFileSync(join(directory, 'key'), key, { mode: 0o600 });
  const child = spawn(process.execPath, [join(directory, 'program.mjs'), directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data) => resolve(String(data).trim()));
    child.once('exit', (code) => reject(new Error(`the bare server ended with code ${code}`)));
  });
  return {
    url: `https://127.0.0.1:${port}`,
    ca: authority.certificate,
    token: 'none',
    pid: child.pid ?? 0,
    send: (line) => child.stdin.write(`${line}\n`),
    async stop() {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
