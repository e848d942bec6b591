import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@wheelhouse/shared/clock';
import type { WebhookClientConfig } from 'kubernetes-types/admissionregistration/v1';
import { openCertificateAuthority } from '../../../apps/server/src/auth/certificate-authority';
import { removeDirectory } from '../../support/wheelhouse';
import { Space } from './space';
import type { Cluster } from './suite';

/** The webhooks of `programs/hooks.mjs`, served by a pod behind a service. */
export interface Hooks {
  /** How the webhook at a path is reached. */
  at(path: string): WebhookClientConfig & { caBundle: string };
}

const running = new WeakMap<Cluster, Promise<Hooks & { stop(): Promise<unknown> }>>();

/** Started when first asked for; all tests share them. */
export function hooksOf(cluster: Cluster): Promise<Hooks> {
  let hooks = running.get(cluster);
  if (!hooks) {
    hooks = startHooks(cluster);
    running.set(cluster, hooks);
  }
  return hooks;
}

export async function stopHooks(cluster: Cluster): Promise<void> {
  await (await running.get(cluster))?.stop();
}

/** A certificate for a service's name inside the cluster, and the authority to believe it by. */
export async function certificateFor(name: string, namespace: string) {
  const directory = await mkdtemp(join(tmpdir(), 'wheelhouse-certificate-'));
  try {
    const authority = await openCertificateAuthority(directory, systemClock);
    const pair = await authority.issueServer([`${name}.${namespace}.svc`], 1);
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    return {
      caBundle: base64(authority.certificate),
      secret: { 'tls.crt': base64(pair.certificate), 'tls.key': base64(pair.key) },
    };
  } finally {
    await removeDirectory(directory);
  }
}

/** Runs one of the suite's programs behind the service of its name, with a certificate in /tls. */
export async function serveProgram(
  cluster: Cluster,
  space: Space & { name: string },
  name: string,
  /** Further files beside the program, in /program. */
  files: Record<string, string> = {},
): Promise<string> {
  const { caBundle, secret } = await certificateFor(name, space.name);
  const program = await readFile(fileURLToPath(new URL(`programs/${name}.mjs`, import.meta.url)), 'utf8');
  const metadata = { name };
  await space.create('secrets', { metadata, data: secret });
  await space.create('configmaps', { metadata, data: { 'main.mjs': program, ...files } });
  await space.create('services', {
    metadata,
    spec: { selector: { app: name }, ports: [{ port: 443, targetPort: 8443 }] },
  });
  await space.start({
    metadata: { name, labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'main',
          image: cluster.images.server,
          imagePullPolicy: 'Never',
          command: ['/bin/node', '/program/main.mjs'],
          readinessProbe: { httpGet: { scheme: 'HTTPS', path: '/', port: 8443 }, periodSeconds: 1 },
          volumeMounts: [
            { name: 'tls', mountPath: '/tls' },
            { name: 'program', mountPath: '/program' },
          ],
        },
      ],
      volumes: [
        { name: 'tls', secret: { secretName: name } },
        { name: 'program', configMap: { name } },
      ],
    },
  });
  await space.untilList('endpointslices', `?labelSelector=kubernetes.io/service-name%3D${name}`, (slices) =>
    slices.some(({ endpoints }) => endpoints?.some(({ conditions }) => conditions?.ready)),
  );
  return caBundle;
}

async function startHooks(cluster: Cluster): Promise<Hooks & { stop(): Promise<unknown> }> {
  const namespace = `hooks-${randomUUID().slice(0, 8)}`;
  await cluster.wide.create('namespaces', { metadata: { name: namespace } });
  const space = Object.assign(new Space(cluster.api, namespace), { name: namespace });
  const caBundle = await serveProgram(cluster, space, 'hooks');
  return {
    at: (path) => ({ service: { namespace, name: 'hooks', path }, caBundle }),
    stop: () => cluster.wide.remove('namespaces', namespace),
  };
}
