import { describe, expect, it } from 'vitest';
import { componentStatuses } from './component-statuses';

describe('componentStatuses', () => {
  const group = componentStatuses({
    scheduler: async () => 'ok',
    'etcd-0': async () => Promise.reject(new Error('connection refused')),
  });
  const [resource] = group.resources;

  it('asks every part and prints what it says', async () => {
    const { items } = Object(await resource?.list?.({} as never)) as { items: object[] };
    const rows = items.map((item) => resource?.columns?.map(({ cell }) => cell(item, new Date(0))));
    expect(rows).toEqual([
      ['scheduler', 'Healthy', 'ok', ''],
      ['etcd-0', 'Unhealthy', 'the check failed', 'connection refused'],
    ]);
  });

  it('knows no others', async () => {
    await expect(resource?.get?.('kubelet', {} as never)).rejects.toMatchObject({ code: 404 });
  });
});
