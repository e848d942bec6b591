import { expect } from 'vitest';
import { serveProgram } from '../support/hooks';
import { kubectlOf } from '../support/kubectl';
import { settled } from '../support/space';
import { conformance } from '../support/suite';

interface ApiService {
  readonly spec: object;
  readonly status?: { conditions?: { type: string; status: string; reason: string }[] };
}

interface Flunder {
  readonly metadata: { name: string; annotations: Record<string, string>; labels?: Record<string, string> };
}

const GROUP = 'wardle.example.com';
const VERSION = 'v1alpha1';
const services = '/apis/apiregistration.k8s.io/v1/apiservices';

/** An API server of somebody else's, behind a service of this cluster. */
export function aggregation(): void {
  conformance(
    '[sig-api-machinery] Aggregator Should be able to support the 1.17 Sample API Server using the current Aggregator [Conformance]',
    async (stage) => {
      const { api, cluster, space, cleanUp } = stage;
      const kubectl = kubectlOf(stage);
      const proxy = await api.json<{ data: Record<string, string> }>(
        '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication',
      );
      const proxyCa = proxy.data['requestheader-client-ca-file'] ?? '';
      const caBundle = await serveProgram(cluster, space, 'extension', { 'proxy-ca.crt': proxyCa });
      const name = `${VERSION}.${GROUP}`;
      const service = { name: 'extension', namespace: space.name };
      const spec = {
        group: GROUP,
        version: VERSION,
        service,
        caBundle,
        groupPriorityMinimum: 2000,
        versionPriority: 200,
      };
      await api.json(services, { method: 'POST', body: { metadata: { name }, spec } });
      cleanUp(() => api.json(`${services}/${name}`, { method: 'DELETE' }));
      await settled(async () => {
        const { status } = await api.json<ApiService>(`${services}/${name}/status`);
        expect(status?.conditions).toMatchObject([{ type: 'Available', status: 'True', reason: 'Passed' }]);
      });

      // Found like any other group.
      const { groups } = await api.json<{ groups: { name: string }[] }>('/apis');
      expect(groups.map((group) => group.name)).toContain(GROUP);
      expect(await kubectl('api-resources', '--api-group', GROUP)).toContain('flunders');

      // Made, changed, watched and deleted in the name of who asks.
      const flunders = `/apis/${GROUP}/${VERSION}/namespaces/${space.name}/flunders`;
      const made = await api.json<Flunder>(flunders, { method: 'POST', body: { metadata: { name: 'x' } } });
      expect(made.metadata.annotations).toEqual({ 'wardle.example.com/made-by': 'admin' });
      const seen: string[] = [];
      for await (const { type } of api.watch<Flunder>(flunders)) {
        seen.push(type);
        if (type === 'ADDED') await api.patch(`${flunders}/x`, { metadata: { labels: { a: 'b' } } });
        if (type === 'MODIFIED') await api.json(`${flunders}/x`, { method: 'DELETE' });
        if (type === 'DELETED') break;
      }
      expect(seen).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
      expect(await api.json<{ items: Flunder[] }>(flunders)).toMatchObject({ items: [] });

      // Described like any other kind.
      await settled(async () => {
        const told = await kubectl('explain', 'flunders.spec', `--api-version=${GROUP}/${VERSION}`);
        expect(told).toContain('How it is to be.');
      });
      const { definitions } = await api.json<{ definitions: object }>('/openapi/v2');
      expect(definitions).toHaveProperty(['com.example.wardle.v1alpha1.Flunder']);

      // Nobody is there any more.
      await space.remove('pods', 'extension', { gracePeriodSeconds: 0 });
      await settled(async () => {
        const { status } = await api.json<ApiService>(`${services}/${name}`);
        expect(status?.conditions).toMatchObject([{ status: 'False', reason: 'MissingEndpoints' }]);
      }, 60);
      const answer = await api.send(flunders);
      expect(answer.status).toBe(503);
      await answer.body?.cancel();
    },
    240,
  );
}
