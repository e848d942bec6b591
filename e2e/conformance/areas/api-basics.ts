import { expect } from 'vitest';
import { conformance as named, type Stage } from '../support/suite';

const conformance = (name: string, test: (stage: Stage) => Promise<void>) =>
  named(`[sig-api-machinery] ${name} [Conformance]`, test);

/** Discovery, the forms of answers, events, secrets and namespaces. */
export function apiBasics(): void {
  documents();
  events();
  namespaces();
  secrets();
}

function documents(): void {
  conformance('Discovery should validate PreferredVersion for each APIGroup', async ({ api }) => {
    type Version = { groupVersion: string };
    type Group = { name: string; versions: Version[]; preferredVersion: Version };
    const { groups } = await api.json<{ groups: Group[] }>('/apis');
    expect(groups.length).toBeGreaterThan(10);
    // Groups that users have defined come and go with the tests beside this one.
    for (const { name } of groups.filter((group) => !group.name.endsWith('example.com'))) {
      const { versions, preferredVersion } = await api.json<Group>(`/apis/${name}`);
      expect(versions.map(({ groupVersion }) => groupVersion)).toContain(preferredVersion.groupVersion);
    }
  });

  conformance('server version should find the server version', async ({ api }) => {
    const { major, minor } = await api.json<{ major: string; minor: string }>('/version');
    expect(major).toBe('1');
    expect(minor).toMatch(/^\d+/);
  });

  conformance(
    'Servers with support for Table transformation should return a 406 for a backend which does not implement metadata',
    async ({ api }) => {
      const answer = await api.send('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        method: 'POST',
        body: {
          kind: 'SelfSubjectAccessReview',
          apiVersion: 'authorization.k8s.io/v1',
          spec: { resourceAttributes: { verb: 'list', resource: 'pods' } },
        },
        headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
      });
      expect(answer.status).toBe(406);
      await answer.body?.cancel();
    },
  );
}

function events(): void {
  const event = (stage: Stage, name: string) => ({
    metadata: { name, labels: { test: stage.unique } },
    message: 'something has happened',
    reason: 'Test',
    type: 'Normal',
    involvedObject: { namespace: stage.space.name },
  });

  conformance(
    'Events should ensure that an event can be fetched, patched, deleted, and listed',
    async (stage) => {
      const { space, wide } = stage;
      const query = `?labelSelector=test%3D${stage.unique}`;
      await space.create('events', event(stage, 'x'));
      expect((await wide.list('events', query)).map(({ metadata }) => metadata.name)).toEqual(['x']);
      await space.patch('events', 'x', { message: 'it was something else' }, { type: 'strategic' });
      expect((await space.get('events', 'x')).message).toBe('it was something else');
      await space.remove('events', 'x');
      expect(await wide.list('events', query)).toEqual([]);
    },
  );

  conformance('Events should delete a collection of events', async (stage) => {
    const { space } = stage;
    const query = `?labelSelector=test%3D${stage.unique}`;
    for (const name of ['a', 'b', 'c']) await space.create('events', event(stage, name));
    expect(await space.list('events', query)).toHaveLength(3);
    await space.removeAll('events', query);
    await space.untilList('events', query, (items) => items.length === 0);
  });
}

function namespaces(): void {
  conformance('Namespaces [Serial] should patch a Namespace', async ({ wide, space }) => {
    await wide.patch('namespaces', space.name, { metadata: { labels: { patched: 'yes' } } });
    expect((await wide.get('namespaces', space.name)).metadata.labels).toMatchObject({ patched: 'yes' });
  });

  /** The namespace goes, and comes back empty. */
  const recreated = async ({ wide, space }: Stage) => {
    await wide.remove('namespaces', space.name);
    await wide.untilGone('namespaces', space.name);
    await wide.create('namespaces', { metadata: { name: space.name } });
  };

  conformance(
    'Namespaces [Serial] should ensure that all pods are removed when a namespace is deleted',
    async (stage) => {
      const { space, pods } = stage;
      await space.start(pods.idle('x'));
      await recreated(stage);
      expect(await space.list('pods')).toEqual([]);
    },
  );

  conformance(
    'Namespaces [Serial] should ensure that all services are removed when a namespace is deleted',
    async (stage) => {
      const { space } = stage;
      await space.create('services', { metadata: { name: 'x' }, spec: { ports: [{ port: 80 }] } });
      await recreated(stage);
      expect(await space.list('services')).toEqual([]);
    },
  );
}

function secrets(): void {
  const data = { word: Buffer.from('open sesame').toString('base64') };

  conformance(
    'Secrets should be consumable from pods in env vars [NodeConformance]',
    async ({ space, pods }) => {
      await space.create('secrets', { metadata: { name: 's' }, data });
      const valueFrom = { secretKeyRef: { name: 's', key: 'word' } };
      const container = { env: [{ name: 'WORD', valueFrom }] };
      const { log } = await space.run(pods.once('x', 'echo "$WORD"', { container }));
      expect(log.trim()).toBe('open sesame');
    },
  );

  conformance(
    'Secrets should be consumable via the environment [NodeConformance]',
    async ({ space, pods }) => {
      await space.create('secrets', { metadata: { name: 's' }, data });
      const secretRef = { name: 's' };
      const container = { envFrom: [{ secretRef }, { prefix: 'p_', secretRef }] };
      const { log } = await space.run(pods.once('x', 'echo "$word, $p_word"', { container }));
      expect(log.trim()).toBe('open sesame, open sesame');
    },
  );

  conformance('Secrets should fail to create secret due to empty secret key', async ({ space }) => {
    const secret = { metadata: { name: 's' }, data: { '': data.word } };
    await expect(space.create('secrets', secret)).rejects.toMatchObject({ code: 422 });
  });

  conformance('Secrets should patch a secret', async (stage) => {
    const { space, wide } = stage;
    await space.create('secrets', { metadata: { name: 's' }, data });
    const word = Buffer.from('changed').toString('base64');
    await space.patch('secrets', 's', { metadata: { labels: { test: stage.unique } }, data: { word } });
    const query = `?labelSelector=test%3D${stage.unique}`;
    const [found] = await wide.list('secrets', query);
    expect(found?.data).toEqual({ word });
    await space.removeAll('secrets', query);
    expect(await wide.list('secrets', query)).toEqual([]);
  });
}
