import { execFile } from 'node:child_process';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage } from '../support/busybox-image';
import { kubectls } from '../support/kubectls';
import { removeDirectory, startWheelhouse, type Wheelhouse } from '../support/wheelhouse';
import { access } from './kubectl/access';
import { administering } from './kubectl/administering';
import { applying } from './kubectl/applying';
import { changing } from './kubectl/changing';
import { creating } from './kubectl/creating';
import { discovering } from './kubectl/discovering';
import { reading } from './kubectl/reading';
import { runChapter } from './kubectl/run-chapter';
import { running } from './kubectl/running';

const chapters = [reading, creating, applying, changing, running, access, administering, discovering];
/** The two ends of what is supported; what stands between does the daily work in kubectl.test.ts. */
const VERSIONS = ['1.20', '1.33'];

/** The whole breadth of kubectl as people and scripts use it, chapter by chapter, each in a namespace of its own. */
describe('a day with kubectl', () => {
  let cluster: Wheelhouse;
  let directory: string;
  let image: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wheelhouse-day-'));
    [image, cluster] = await Promise.all([
      busyboxImage(directory),
      startWheelhouse({ args: ['--nodes', '3', '--no-demo'] }),
    ]);
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster) await removeDirectory(cluster.dataDir);
    if (image) await promisify(execFile)('docker', ['rmi', '-f', image]);
    await removeDirectory(directory);
  });

  const present = [...kubectls()].filter(([version]) => VERSIONS.includes(version));
  it('finds the kubectls that it is about', () => {
    expect(present.map(([version]) => version)).toEqual(VERSIONS);
  });

  for (const [position, [version, binary]] of present.entries())
    describe.concurrent(`kubectl ${version}`, () => {
      it.each(chapters)(
        '$title',
        async (chapter) => {
          const id = `${version.replace('.', '')}${chapters.indexOf(chapter)}`;
          const namespace = `day-${id}`;
          const work = join(directory, id);
          await mkdir(work);
          await cluster.kubectl('create', 'namespace', namespace);
          await runChapter(chapter, {
            binary,
            version,
            kubeconfig: join(cluster.dataDir, 'kubeconfig'),
            directory: work,
            variables: { NS: namespace, ID: id, IMAGE: image, SPARE: `node-${position + 2}` },
          });
        },
        400_000,
      );
    });
});
