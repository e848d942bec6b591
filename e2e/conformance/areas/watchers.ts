import type { ConfigMap } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import type { WatchNote } from '../support/api';
import type { Stored } from '../support/resources';
import { conformance as named, type Stage } from '../support/suite';

const conformance = (name: string, test: (stage: Stage) => Promise<void>) =>
  named(`[sig-api-machinery] Watchers ${name} [Conformance]`, test);

type Note = WatchNote<Stored<ConfigMap>>;

/** Watches of configuration maps. */
export function watchers(): void {
  const selected = (label: string) => `?labelSelector=watched%3D${label}`;
  const make = ({ space }: Stage, name: string, label: string) =>
    space.create('configmaps', { metadata: { name, labels: { watched: label } } });
  const mutate = ({ space }: Stage, name: string, value: number) =>
    space.patch('configmaps', name, { data: { mutation: String(value) } });
  /** The first notes of a watch, as they are told. */
  const take = async ({ api, space }: Stage, query: string, count: number): Promise<Note[]> => {
    const notes: Note[] = [];
    for await (const note of api.watch<Stored<ConfigMap>>(`${space.path('configmaps')}${query}`)) {
      notes.push(note);
      if (notes.length === count) break;
    }
    return notes;
  };
  const told = (notes: Note[]) =>
    notes.map(({ type, object }) => `${type} ${object.metadata.name} ${object.data?.mutation ?? ''}`.trim());
  const revisionOf = async ({ api, space }: Stage) => {
    const { metadata } = await api.json<{ metadata: { resourceVersion: string } }>(space.path('configmaps'));
    return metadata.resourceVersion;
  };

  conformance('should observe add, update, and delete watch notifications on configmaps', async (stage) => {
    const since = `&resourceVersion=${await revisionOf(stage)}`;
    const seen = Promise.all([
      take(stage, `${selected('a')}${since}`, 4),
      take(stage, `${selected('b')}${since}`, 2),
      take(stage, `?labelSelector=watched%20in%20(a,b)${since}`, 6),
    ]);
    await make(stage, 'one', 'a');
    await mutate(stage, 'one', 1);
    await mutate(stage, 'one', 2);
    await stage.space.remove('configmaps', 'one');
    await make(stage, 'two', 'b');
    await stage.space.remove('configmaps', 'two');
    const [a, b, both] = await seen;
    const ofOne = ['ADDED one', 'MODIFIED one 1', 'MODIFIED one 2', 'DELETED one 2'];
    expect(told(a)).toEqual(ofOne);
    expect(told(b)).toEqual(['ADDED two', 'DELETED two']);
    expect(told(both)).toEqual([...ofOne, 'ADDED two', 'DELETED two']);
  });

  conformance('should be able to start watching from a specific resource version', async (stage) => {
    await make(stage, 'x', 'x');
    const first = await mutate(stage, 'x', 1);
    await mutate(stage, 'x', 2);
    await stage.space.remove('configmaps', 'x');
    const query = `${selected('x')}&resourceVersion=${first.metadata.resourceVersion}`;
    expect(told(await take(stage, query, 2))).toEqual(['MODIFIED x 2', 'DELETED x 2']);
  });

  conformance(
    'should be able to restart watching from the last resource version observed by the previous watch',
    async (stage) => {
      const since = await revisionOf(stage);
      const watching = take(stage, `${selected('x')}&resourceVersion=${since}`, 2);
      await make(stage, 'x', 'x');
      await mutate(stage, 'x', 1);
      const last = (await watching).at(-1)?.object.metadata.resourceVersion;
      await mutate(stage, 'x', 2);
      await stage.space.remove('configmaps', 'x');
      const notes = await take(stage, `${selected('x')}&resourceVersion=${last}`, 2);
      expect(told(notes)).toEqual(['MODIFIED x 2', 'DELETED x 2']);
    },
  );

  conformance(
    'should observe an object deletion if it stops meeting the requirements of the selector',
    async (stage) => {
      const since = await revisionOf(stage);
      const label = (value: string) =>
        stage.space.patch('configmaps', 'x', { metadata: { labels: { watched: value } } });
      const watching = take(stage, `${selected('x')}&resourceVersion=${since}`, 6);
      await make(stage, 'x', 'x');
      await mutate(stage, 'x', 1);
      await label('other');
      await mutate(stage, 'x', 2);
      await label('x');
      await mutate(stage, 'x', 3);
      await stage.space.remove('configmaps', 'x');
      expect(told(await watching)).toEqual([
        'ADDED x',
        'MODIFIED x 1',
        'DELETED x 1',
        'ADDED x 2',
        'MODIFIED x 3',
        'DELETED x 3',
      ]);
    },
  );

  conformance('should receive events on concurrent watches in same order', async (stage) => {
    const { space } = stage;
    const since = await revisionOf(stage);
    const all = `?fieldSelector=metadata.name!=kube-root-ca.crt&resourceVersion=`;
    const revisions = (notes: Note[]) =>
      notes.map(({ type, object }) => `${type} ${object.metadata.resourceVersion}`);
    const watching = take(stage, `${all}${since}`, 60);
    for (let i = 0; i < 20; i++) {
      await space.create('configmaps', { metadata: { name: `x-${i}` } });
      await mutate(stage, `x-${i}`, i);
      await space.remove('configmaps', `x-${i}`);
    }
    const notes = revisions(await watching);
    const starts = [since, ...notes.slice(0, 30).map((note) => note.split(' ')[1])];
    const others = await Promise.all(starts.map((from, i) => take(stage, `${all}${from}`, 60 - i)));
    for (const [i, other] of others.entries()) expect(revisions(other)).toEqual(notes.slice(i));
  });
}
