import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage } from '../support/busybox-image';
import { type H2Client, openH2 } from '../support/h2-client';
import { deployment } from '../support/manifests';
import { removeDirectory, startWheelhouse, type Wheelhouse } from '../support/wheelhouse';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const core = '/api/v1/namespaces/shop';
const deployments = '/apis/apps/v1/namespaces/shop/deployments';

interface Thing {
  metadata: { name: string; resourceVersion: string };
  status?: { conditions?: { type: string; status: string }[]; succeeded?: number };
}
/** The objects of the whole lines of a JSON watch. */
const objectsOf = (all: Buffer) =>
  all
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line).object as Thing);
/** The frames of a protobuf watch that are whole. */
function framesOf(all: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at + 4 <= all.length; ) {
    const end = at + 4 + all.readUInt32BE(at);
    if (end > all.length) break;
    frames.push(all.subarray(at + 4, end));
    at = end;
  }
  return frames;
}

/** The requests of installers in the manner of Helm, and of the informers of newer Go programs, over one connection. */
describe('an installer', () => {
  let cluster: Wheelhouse;
  let directory: string;
  let image: string;
  let api: H2Client;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wheelhouse-installer-'));
    [image, cluster] = await Promise.all([
      busyboxImage(directory),
      startWheelhouse({ args: ['--nodes', '1', '--no-demo'] }),
    ]);
    api = await openH2(cluster.dataDir);
  });
  afterAll(async () => {
    api?.close();
    await cluster?.stop();
    if (cluster) await removeDirectory(cluster.dataDir);
    if (image) await promisify(execFile)('docker', ['rmi', '-f', image]);
    await removeDirectory(directory);
  });

  it('learns once what the server has', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const first = await api.ask('GET', '/apis', { accept });
    expect(first.headers['content-type']).toContain('as=APIGroupDiscoveryList');
    const groups = JSON.parse(first.body.toString()).items.map(({ metadata }: Thing) => metadata.name);
    expect(groups).toEqual(expect.arrayContaining(['apps', 'batch', 'apiextensions.k8s.io']));
    const again = await api.ask('GET', '/apis', {
      accept,
      headers: { 'if-none-match': first.headers.etag ?? '' },
    });
    expect(again.status).toBe(304);
    const { paths } = await api.json<{ paths: Record<string, { serverRelativeURL: string }> }>(
      'GET',
      '/openapi/v3',
    );
    const document = await api.ask('GET', paths['apis/apps/v1']?.serverRelativeURL ?? '');
    expect(document.headers['cache-control']).toContain('immutable');
  });

  it('installs definitions, waits for them, and puts objects of theirs', async () => {
    await api.json('POST', '/api/v1/namespaces', { body: { metadata: { name: 'shop' } } });
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    await api.json('POST', definitions, {
      body: {
        metadata: { name: 'wares.shop.example' },
        spec: {
          group: 'shop.example',
          scope: 'Namespaced',
          names: { plural: 'wares', kind: 'Ware' },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: { openAPIV3Schema: { type: 'object', properties: { price: { type: 'integer' } } } },
            },
          ],
        },
      },
    });
    const established = ({ status }: Thing) =>
      status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True');
    await api.follow(
      `${definitions}?watch=true&fieldSelector=metadata.name%3Dwares.shop.example`,
      'application/json',
      (all) => objectsOf(all).some(established),
    );
    const ware = { apiVersion: 'shop.example/v1', kind: 'Ware', metadata: { name: 'tea' }, price: 3 };
    const wares = '/apis/shop.example/v1/namespaces/shop/wares';
    expect(await api.json('POST', wares, { body: ware })).toMatchObject({ price: 3 });
  });

  it('runs a hook, keeps its releases as secrets, and merges three ways', async () => {
    const jobs = '/apis/batch/v1/namespaces/shop/jobs';
    const container = { name: 'hook', image, imagePullPolicy: 'Never', command: ['sh', '-c', 'exit 0'] };
    const hook = {
      metadata: { name: 'pre-install', annotations: { 'helm.sh/hook': 'pre-install' } },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [container] } } },
    };
    const { metadata } = await api.json<Thing>('POST', jobs, { body: hook });
    await api.follow(
      `${jobs}?watch=true&resourceVersion=${metadata.resourceVersion}&fieldSelector=metadata.name%3Dpre-install`,
      'application/json',
      (all) =>
        objectsOf(all).some(({ status }) =>
          status?.conditions?.some(({ type, status: is }) => type === 'Complete' && is === 'True'),
        ),
    );
    await api.json('DELETE', `${jobs}/pre-install`, { body: { propagationPolicy: 'Background' } });

    const record = (version: number, status: string) => ({
      metadata: {
        name: `sh.helm.release.v1.shop.v${version}`,
        labels: { owner: 'helm', name: 'shop', status, version: String(version) },
      },
      type: 'helm.sh/release.v1',
      data: {
        release: gzipSync(JSON.stringify({ version, chart: 'x'.repeat(200_000) })).toString('base64'),
      },
    });
    await api.json('POST', `${core}/secrets`, { body: record(1, 'deployed') });
    await api.json('POST', deployments, { body: deployment('web', 1) });
    // Somebody else changes what the chart says nothing of; the upgrade leaves that alone.
    const merge = 'application/strategic-merge-patch+json';
    await api.json('PATCH', `${deployments}/web`, {
      type: merge,
      body: {
        spec: {
          template: { spec: { containers: [{ name: 'web', env: [{ name: 'THEIRS', value: '1' }] }] } },
        },
      },
    });
    const upgraded = await api.json('PATCH', `${deployments}/web`, {
      type: merge,
      body: {
        spec: {
          template: {
            spec: {
              '$setElementOrder/containers': [{ name: 'web' }],
              containers: [
                {
                  name: 'web',
                  '$setElementOrder/env': [{ name: 'NEW' }, { name: 'POD_NAME' }, { name: 'POD_IP' }],
                  env: [
                    { name: 'NEW', value: '2' },
                    { name: 'NODE_NAME', $patch: 'delete' },
                  ],
                },
              ],
            },
          },
        },
      },
    });
    const [{ env }] = (upgraded as { spec: { template: { spec: { containers: { env: Thing[] }[] } } } }).spec
      .template.spec.containers as [{ env: unknown[] }];
    const names = (env as { name: string }[]).map(({ name }) => name);
    expect(names.filter((name) => name !== 'THEIRS')).toEqual(['NEW', 'POD_NAME', 'POD_IP']);
    expect(names).toContain('THEIRS');
    await api.json('PATCH', `${core}/secrets/sh.helm.release.v1.shop.v1`, {
      type: 'application/merge-patch+json',
      body: { metadata: { labels: { status: 'superseded' } } },
    });
    await api.json('POST', `${core}/secrets`, { body: record(2, 'deployed') });
    const { items } = await api.json<{ items: Thing[] }>(
      'GET',
      `${core}/secrets?labelSelector=owner%3Dhelm%2Cname%3Dshop%2Cstatus%3Ddeployed`,
    );
    expect(items.map(({ metadata: { name } }) => name)).toEqual(['sh.helm.release.v1.shop.v2']);
  });

  it('informers stream what there is as protobuf, up to a marked bookmark', async () => {
    const list = await api.ask('GET', `${core}/secrets?resourceVersion=0`, {
      accept: `${PROTOBUF},application/json`,
    });
    expect(list.headers['content-type']).toBe(PROTOBUF);
    expect(list.body.subarray(0, 4).toString('latin1')).toBe('k8s\0');
    const query =
      'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const ended = (frame: Buffer | undefined) => frame?.includes('k8s.io/initial-events-end');
    const all = await api.follow(`${core}/secrets?${query}`, `${PROTOBUF};stream=watch`, (received) =>
      Boolean(ended(framesOf(received).at(-1))),
    );
    const types = framesOf(all).map((frame) => /^\n.(ADDED|BOOKMARK)/.exec(frame.toString('latin1'))?.[1]);
    expect(types).toEqual(['ADDED', 'ADDED', 'BOOKMARK']);
  });
});
