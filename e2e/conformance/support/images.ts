import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { sharedLibrariesOf } from '../../../apps/node-agent/src/runtime/images/shared-libraries';
import { removeDirectory } from '../../support/wheelhouse';

const execute = promisify(execFile);

/** The images of the suite, made from this host's static busybox and its Node, so that no registry is needed. */
export interface Images {
  /** Every applet on the PATH, no entrypoint; serves `/cgi-bin/hostname` and `/cgi-bin/client` from `/www`. */
  readonly busybox: string;
  /** Says its arguments; by default `image default arguments`. */
  readonly talker: string;
  /** Serves HTTP, UDP and HTTPS, see `programs/server.mjs`; busybox is there too. */
  readonly server: string;
  remove(): Promise<void>;
}

// Headers of HTTP end in CR LF, and busybox passes on what the script says.
const cgi = (command: string) =>
  `#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\nConnection: close\\r\\n\\r\\n'\n${command}\n`;

/** Makes the images under names of their own. */
export async function makeImages(id: string): Promise<Images> {
  const directory = await mkdtemp(join(tmpdir(), 'wheelhouse-images-'));
  const root = join(directory, 'root');
  const made: string[] = [];
  const build = async (name: string, ...changes: string[]) => {
    const image = `${name}:${id}`;
    const flags = changes.flatMap((change) => ['-c', change]);
    const script = 'image=$1; root=$2; shift 2; tar -C "$root" -c . | docker import "$@" - "$image"';
    await execute('sh', ['-c', script, 'sh', image, root, '-c', 'ENV PATH=/bin', ...flags]);
    made.push(image);
    return image;
  };
  try {
    await makeRoot(root);
    const busybox = await build('wheelhouse-conformance');
    const talker = await build(
      'wheelhouse-talker',
      'ENTRYPOINT ["/bin/say"]',
      'CMD ["image","default","arguments"]',
    );
    await addServer(root);
    const server = await build('wheelhouse-server', 'CMD ["/bin/node","/server.mjs"]', 'EXPOSE 8080');
    return {
      busybox,
      talker,
      server,
      remove: async () => {
        await execute('docker', ['rmi', '-f', ...made]);
      },
    };
  } finally {
    await removeDirectory(directory);
  }
}

async function makeRoot(root: string): Promise<void> {
  for (const path of ['bin', 'etc', 'www/cgi-bin']) await mkdir(join(root, path), { recursive: true });
  await mkdir(join(root, 'tmp'));
  await execute('chmod', ['1777', join(root, 'tmp')]);
  await execute('cp', ['/usr/bin/busybox', join(root, 'bin/busybox')]);
  const { stdout } = await execute('/usr/bin/busybox', ['--list']);
  for (const applet of stdout.trim().split('\n'))
    if (applet !== 'busybox') await symlink('busybox', join(root, 'bin', applet));
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nnobody:x:65534:\n');
  await writeFile(join(root, 'www/healthz'), 'ok\n');
  const executable = { mode: 0o755 };
  await writeFile(join(root, 'www/cgi-bin/hostname'), cgi('hostname'), executable);
  await writeFile(join(root, 'www/cgi-bin/client'), cgi('echo "$REMOTE_ADDR"'), executable);
  for (const name of ['say', 'say-more'])
    await writeFile(join(root, 'bin', name), '#!/bin/sh\necho "$0 $*"\n', executable);
}

async function addServer(root: string): Promise<void> {
  await execute('cp', [process.execPath, join(root, 'bin/node')]);
  // The one program here that would keep root's rights: busybox gives them up by itself.
  await execute('chmod', ['4755', join(root, 'bin/node')]);
  for (const library of await sharedLibrariesOf(process.execPath))
    await execute('cp', ['--parents', '-L', library, root]);
  const program = fileURLToPath(new URL('programs/server.mjs', import.meta.url));
  await execute('cp', [program, join(root, 'server.mjs')]);
}
