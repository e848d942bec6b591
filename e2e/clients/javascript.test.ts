import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { promisify } from 'node:util';
import {
  ApiextensionsV1Api,
  AppsV1Api,
  Attach,
  CoordinationV1Api,
  CoreV1Api,
  Cp,
  CustomObjectsApi,
  Exec,
  Health,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  makeInformer,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  type V1ConfigMap,
  V1MicroTime,
  type V1Status,
  Watch,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage } from '../support/busybox-image';
import { freePort } from '../support/free-port';
import { deployment } from '../support/manifests';
import { eventually, removeDirectory, startWheelhouse, type Wheelhouse } from '../support/wheelhouse';

const namespace = 'javascript';

/** The official JavaScript client, as programs use it. */
describe('@kubernetes/client-node', () => {
  let cluster: Wheelhouse;
  let directory: string;
  let image: string;
  let ports: string[];
  const config = new KubeConfig();
  let core: CoreV1Api;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wheelhouse-javascript-'));
    ports = ['--api-port', String(await freePort()), '--console-port', String(await freePort())];
    [image, cluster] = await Promise.all([
      busyboxImage(directory),
      startWheelhouse({ args: ['--nodes', '1', '--no-demo', ...ports] }),
    ]);
    config.loadFromFile(join(cluster.dataDir, 'kubeconfig'));
    core = config.makeApiClient(CoreV1Api);
    await core.createNamespace({ body: { metadata: { name: namespace } } });
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster) await removeDirectory(cluster.dataDir);
    if (image) await promisify(execFile)('docker', ['rmi', '-f', image]);
    await removeDirectory(directory);
  });

  it('reads and writes typed objects', async () => {
    const created = await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'settings', labels: { tier: 'a' } }, data: { a: '1' } },
    });
    expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
    const replaced = await core.replaceNamespacedConfigMap({
      namespace,
      name: 'settings',
      body: { ...created, data: { a: '2' } },
    });
    expect(replaced.data).toEqual({ a: '2' });
    await expect(
      core.replaceNamespacedConfigMap({
        namespace,
        name: 'settings',
        body: { ...created, data: { a: '3' } },
      }),
    ).rejects.toMatchObject({ code: 409 });
    await expect(core.readNamespacedConfigMap({ namespace, name: 'nothing' })).rejects.toMatchObject({
      code: 404,
      body: expect.stringContaining('configmaps \\"nothing\\" not found'),
    });
    const page = await core.listNamespacedConfigMap({ namespace, limit: 1 });
    const rest = await core.listNamespacedConfigMap({ namespace, _continue: page.metadata?._continue });
    const names = [...page.items, ...rest.items].map(({ metadata }) => metadata?.name);
    expect(names.sort()).toEqual(['kube-root-ca.crt', 'settings']);
    const selected = await core.listNamespacedConfigMap({ namespace, labelSelector: 'tier=a' });
    expect(selected.items).toHaveLength(1);
    await core.deleteNamespacedConfigMap({ namespace, name: 'settings' });
  });

  it('patches in every way, and applies', async () => {
    const name = 'patched';
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name }, data: { a: '1' } } });
    const patch = (body: unknown, strategy: PatchStrategy, more: object = {}) =>
      core.patchNamespacedConfigMap(
        { namespace, name, body, ...more },
        setHeaderOptions('Content-Type', strategy),
      );
    const steps = [
      await patch([{ op: 'add', path: '/data/b', value: '2' }], PatchStrategy.JsonPatch),
      await patch({ data: { a: null } }, PatchStrategy.MergePatch),
      await patch({ data: { c: '3' } }, PatchStrategy.StrategicMergePatch),
      await patch(
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { d: '4' } },
        PatchStrategy.ServerSideApply,
        { fieldManager: 'program', force: true },
      ),
    ];
    expect(
      steps.map(({ data }) =>
        Object.keys(data ?? {})
          .sort()
          .join(''),
      ),
    ).toEqual(['ab', 'b', 'bc', 'bcd']);
    const objects = KubernetesObjectApi.makeApiClient(config);
    const applied = await objects.patch<V1ConfigMap>(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } },
      undefined,
      undefined,
      'program',
      true,
      PatchStrategy.ServerSideApply,
    );
    expect(applied.data).toEqual({ b: '2', c: '3' });
  });

  it('works with kinds that users define', async () => {
    const group = 'harbour.example';
    const where = { group, version: 'v1', namespace, plural: 'boats' };
    await config.makeApiClient(ApiextensionsV1Api).createCustomResourceDefinition({
      body: {
        metadata: { name: `boats.${group}` },
        spec: {
          group,
          scope: 'Namespaced',
          names: { plural: 'boats', kind: 'Boat' },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              subresources: { status: {} },
              schema: {
                openAPIV3Schema: { type: 'object', x_kubernetes_preserve_unknown_fields: true },
              },
            },
          ],
        },
      },
    });
    const boats = config.makeApiClient(CustomObjectsApi);
    const body = { apiVersion: `${group}/v1`, kind: 'Boat', metadata: { name: 'swift' }, spec: { crew: 2 } };
    await eventually('boats are served', () => boats.createNamespacedCustomObject({ ...where, body }));
    const patched = await boats.patchNamespacedCustomObject(
      { ...where, name: 'swift', body: { spec: { crew: 5 } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    );
    expect(patched).toMatchObject({ spec: { crew: 5 }, metadata: { generation: 2 } });
    const status = await boats.patchNamespacedCustomObjectStatus(
      { ...where, name: 'swift', body: [{ op: 'add', path: '/status', value: { afloat: true } }] },
      setHeaderOptions('Content-Type', PatchStrategy.JsonPatch),
    );
    expect(status).toMatchObject({ status: { afloat: true }, metadata: { generation: 2 } });
    expect(await boats.listNamespacedCustomObject(where)).toMatchObject({ items: [{ kind: 'Boat' }] });
    await boats.deleteNamespacedCustomObject({ ...where, name: 'swift' });
  });

  it('one of many candidates holds a lease', async () => {
    const leases = config.makeApiClient(CoordinationV1Api);
    const name = 'leader';
    const body = (holderIdentity: string) => ({
      metadata: { name },
      spec: { holderIdentity, leaseDurationSeconds: 15, renewTime: new V1MicroTime() },
    });
    const candidates = Array.from({ length: 8 }, (_, index) => `candidate-${index}`);
    const won = async (claims: Promise<unknown>[]) =>
      (await Promise.allSettled(claims)).filter(({ status }) => status === 'fulfilled').length;
    expect(
      await won(candidates.map((id) => leases.createNamespacedLease({ namespace, body: body(id) }))),
    ).toBe(1);
    const seen = await leases.readNamespacedLease({ namespace, name });
    const takeOver = candidates.map((id) =>
      leases.replaceNamespacedLease({
        namespace,
        name,
        body: { ...seen, spec: { ...body(id).spec, leaseTransitions: 1 } },
      }),
    );
    expect(await won(takeOver)).toBe(1);
  });

  it('goes into containers', async () => {
    const pod = 'box';
    const script = 'httpd -p 8080 -h /www; echo started; while read line; do echo "heard $line"; done';
    await core.createNamespacedPod({
      namespace,
      body: {
        metadata: { name: pod },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            { name: 'main', image, imagePullPolicy: 'Never', stdin: true, command: ['sh', '-c', script] },
          ],
        },
      },
    });
    await eventually('the pod is ready', async () => {
      const { status } = await core.readNamespacedPod({ namespace, name: pod });
      return status?.containerStatuses?.[0]?.ready || undefined;
    });

    const out = collect();
    const status = await new Promise<V1Status>((resolve, reject) => {
      const command = ['sh', '-c', 'cat; exit 3'];
      new Exec(config)
        .exec(namespace, pod, 'main', command, out.stream, null, Readable.from(['typed']), false, resolve)
        .catch(reject);
    });
    expect(status).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode' });
    expect(out.text()).toBe('typed');

    const attached = collect();
    // Where a container's standard input stays open, an attach ends with the end of its input, answered or not: so it
    // ends here only after the answer.
    const words = new PassThrough();
    words.write('you\n');
    const attach = new Attach(config);
    const socket = await attach.attach(namespace, pod, 'main', attached.stream, null, words, false);
    await attached.until(/heard you/);
    socket.close();

    const log = collect();
    const follow = await new Log(config).log(namespace, pod, 'main', log.stream, { follow: true });
    await log.until(/started[\s\S]*heard you/);
    follow.abort();

    const answer = collect();
    // Its end would close the connection before the answer.
    const question = new PassThrough();
    question.write('GET /page HTTP/1.0\r\n\r\n');
    const forward = new PortForward(config);
    const connection = await forward.portForward(namespace, pod, [8080], answer.stream, null, question);
    await answer.until(/hello from the pod/);
    if ('close' in connection) connection.close();

    const folder = join(directory, 'copied');
    await mkdir(folder);
    await writeFile(join(folder, 'note'), 'copied');
    await new Cp(config).cpToPod(namespace, pod, 'main', folder, '/tmp');
    const copied = collect();
    const wait = ['sh', '-c', 'until [ -s /tmp/note ]; do sleep 0.1; done; cat /tmp/note'];
    await new Exec(config).exec(namespace, pod, 'main', wait, copied.stream, null, null, false);
    await copied.until(/^copied$/);
  });

  it('informers follow everything, over a restart of the server and a history that is gone', async () => {
    const apps = config.makeApiClient(AppsV1Api);
    const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, () =>
      core.listNamespacedConfigMap({ namespace }),
    );
    const known = new Map<string, string | undefined>();
    const keep = ({ metadata, data }: V1ConfigMap) => known.set(metadata?.name ?? '', data?.step);
    informer.on('add', keep);
    informer.on('update', keep);
    informer.on('delete', ({ metadata }) => known.delete(metadata?.name ?? ''));
    let restarts = 0;
    informer.on('error', () => {
      restarts++;
      setTimeout(() => void informer.start(), 200);
    });
    const write = (name: string, step: string) =>
      core.createNamespacedConfigMap({ namespace, body: { metadata: { name }, data: { step } } });
    await informer.start();
    await write('one', '1');
    await write('two', '1');
    await eventually('both are known', async () => known.has('two') || undefined);
    await core.deleteNamespacedConfigMap({ namespace, name: 'one' });
    await eventually('one is gone', async () => !known.has('one') || undefined);
    const { metadata } = await core.listNamespacedConfigMap({ namespace });

    await cluster.stop();
    cluster = await startWheelhouse({
      dataDir: cluster.dataDir,
      args: ['--nodes', '1', '--no-demo', ...ports],
    });
    await write('three', '2');
    await core.deleteNamespacedConfigMap({ namespace, name: 'two' });
    await eventually('the changes are known', async () =>
      known.has('three') && !known.has('two') ? true : undefined,
    );
    expect(restarts).toBeGreaterThan(0);
    await informer.stop();

    // What happened before the restart is no longer in the history of the new server: it says so.
    const error = await new Promise((resolve, reject) => {
      new Watch(config)
        .watch(
          `/api/v1/namespaces/${namespace}/configmaps`,
          { resourceVersion: '1' },
          (phase, object) => phase === 'ERROR' && resolve(object.code),
          (reason) => resolve(reason?.statusCode ?? reason?.code ?? reason),
        )
        .catch(reject);
    });
    expect(error).toBe(410);
    expect(Number(metadata?.resourceVersion)).toBeGreaterThan(1);

    await apps.createNamespacedDeployment({ namespace, body: deployment('web', 1) });
    await eventually('the deployment is available', async () => {
      const { status } = await apps.readNamespacedDeployment({ namespace, name: 'web' });
      return status?.availableReplicas === 1 || undefined;
    });
    expect(await new Health(config).readyz({})).toBe(true);
  });
});

/** Keeps what is written into its stream. */
function collect() {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk) => {
    text += chunk;
  });
  return {
    stream,
    text: () => text,
    until: (pattern: RegExp) =>
      eventually(`${pattern} in the stream`, async () => pattern.test(text) || undefined),
  };
}
