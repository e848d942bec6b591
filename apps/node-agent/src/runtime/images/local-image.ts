import { createReadStream } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { helloProgram } from './hello-program';
import { pauseBinary } from './pause-binary';
import { sharedLibrariesOf } from './shared-libraries';

/** An image that every node can make for itself, because no registry may be within reach. */
export interface LocalImage {
  readonly name: string;
  /** Changes when the contents change; kept as a label so that a stale image is built again. */
  readonly version: string;
  /** Instructions of a Dockerfile that describe how it runs. */
  readonly changes: readonly string[];
  /** The whole file system. */
  files(): Promise<ImageFile[]>;
  /** How the same program starts as a plain process; `directory` may be used for its files. */
  asProcess?(directory: string): Promise<{ command: string[]; env: Record<string, string> }>;
}

export interface ImageFile {
  readonly path: string;
  readonly mode: number;
  /** Contents, or where on the host they are. */
  readonly content: Buffer | { readonly from: string } | 'directory';
}

export const VERSION_LABEL = 'dev.wheelhouse.image-version';
export const PAUSE_IMAGE = 'wheelhouse/pause:1';
export const HELLO_IMAGE = 'wheelhouse/hello:1';

const pauseImage: LocalImage = {
  name: PAUSE_IMAGE,
  version: '1',
  changes: ['ENTRYPOINT ["/pause"]'],
  async files() {
    if (process.arch !== 'x64' && process.arch !== 'arm64') {
      throw new Error(`there is no pause program for ${process.arch}`);
    }
    return [{ path: 'pause', mode: 0o755, content: pauseBinary(process.arch) }];
  },
};

const helloImage: LocalImage = {
  name: HELLO_IMAGE,
  version: `2-${process.version}`,
  changes: [
    'ENV PATH=/usr/local/bin:/usr/bin:/bin',
    'ENV PORT=8080',
    'EXPOSE 8080/tcp',
    'EXPOSE 8080/udp',
    'WORKDIR /app',
    'ENTRYPOINT ["/usr/bin/node", "/app/hello.mjs"]',
  ],
  async files() {
    const libraries = await sharedLibrariesOf(process.execPath);
    const directories = ['app', 'etc', 'tmp', 'usr', 'usr/bin', 'proc', 'dev', 'sys'];
    return [
      ...directories.map(
        (path): ImageFile => ({ path, mode: path === 'tmp' ? 0o1777 : 0o755, content: 'directory' }),
      ),
      {
        path: 'etc/passwd',
        mode: 0o644,
        content: Buffer.from('root:x:0:0:root:/:/usr/bin/node\nhello:x:1000:1000::/app:\n'),
      },
      { path: 'etc/group', mode: 0o644, content: Buffer.from('root:x:0:\nhello:x:1000:\n') },
      { path: 'app/hello.mjs', mode: 0o644, content: Buffer.from(helloProgram) },
      { path: 'usr/bin/node', mode: 0o755, content: { from: process.execPath } },
      ...libraries.map((path): ImageFile => ({ path: path.slice(1), mode: 0o755, content: { from: path } })),
    ];
  },
  async asProcess(directory) {
    await mkdir(directory, { recursive: true });
    const script = join(directory, 'hello.mjs');
    await writeFile(script, helloProgram);
    return { command: [process.execPath, script], env: { PORT: '8080' } };
  },
};

const localImages = [pauseImage, helloImage];

/** The local image that a reference names; `docker.io/` and similar prefixes do not. */
export function localImage(reference: string): LocalImage | undefined {
  return localImages.find((image) => image.name === reference);
}

/** The files as a tar stream, made while it is read. Errors of reading destroy the stream. */
export function tarOf(files: readonly ImageFile[]): Readable {
  const tar = pack();
  const add = async () => {
    for (const { path, mode, content } of files) {
      const header = { name: path, mode, mtime: new Date(0) };
      if (content === 'directory') {
        tar.entry({ ...header, type: 'directory' });
      } else if (Buffer.isBuffer(content)) {
        tar.entry(header, content);
      } else {
        const { size } = await stat(content.from);
        await new Promise<void>((resolve, reject) => {
          const entry = tar.entry({ ...header, size }, (error) => (error ? reject(error) : resolve()));
          createReadStream(content.from).on('error', reject).pipe(entry);
        });
      }
    }
    tar.finalize();
  };
  add().catch((error: Error) => tar.destroy(error));
  // tar-stream has streams of its own kind; HTTP clients want Node's.
  return Readable.from(tar, { objectMode: false });
}
