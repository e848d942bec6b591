import { CoreV1Api, KubeConfig, ListWatch, type V1Pod, Watch } from '@kubernetes/client-node';

/**
 * A scheduler of one's own in about forty lines, with nothing but the official client: it puts each pod that asks
 * for `schedulerName: my-scheduler` on a ready node picked at random. Run it beside the cluster's own scheduler:
 *
 *   npx esbuild e2e/examples/custom-scheduler.ts --bundle --packages=external --platform=node --format=esm \
 *     --outfile=.wheelhouse/custom-scheduler.mjs && KUBECONFIG=.wheelhouse/kubeconfig node .wheelhouse/custom-scheduler.mjs
 */
export async function startCustomScheduler(config: KubeConfig, name = 'my-scheduler'): Promise<() => void> {
  const api = config.makeApiClient(CoreV1Api);
  const fieldSelector = `spec.schedulerName=${name},spec.nodeName=`;
  const list = () => api.listPodForAllNamespaces({ fieldSelector });
  const watch = new Watch(config);
  const informer = new ListWatch<V1Pod>('/api/v1/pods', watch, list, false, undefined, fieldSelector);

  async function schedule({ metadata }: V1Pod): Promise<void> {
    const { name: pod = '', namespace = 'default' } = metadata ?? {};
    const nodes = (await api.listNode()).items.filter(
      ({ spec, status }) =>
        !spec?.unschedulable && status?.conditions?.some((it) => it.type === 'Ready' && it.status === 'True'),
    );
    const node = nodes[Math.floor(Math.random() * nodes.length)]?.metadata?.name;
    if (!node) throw new Error('no node is ready');
    await api.createNamespacedPodBinding({
      name: pod,
      namespace,
      body: { metadata: { name: pod, namespace }, target: { apiVersion: 'v1', kind: 'Node', name: node } },
    });
    console.log(`${namespace}/${pod} → ${node}`);
  }

  const retry = (pod: V1Pod) => (error: unknown) => {
    console.error(`${pod.metadata?.name}:`, error instanceof Error ? error.message : error);
    setTimeout(() => informer.get(pod.metadata?.name ?? '', pod.metadata?.namespace) && attempt(pod), 1_000);
  };
  const attempt = (pod: V1Pod) => void schedule(pod).catch(retry(pod));
  informer.on('add', attempt);
  informer.on('error', () => setTimeout(() => void informer.start(), 1_000));
  await informer.start();
  return () => void informer.stop();
}

if (process.argv[1]?.includes('custom-scheduler')) {
  const config = new KubeConfig();
  config.loadFromDefault();
  await startCustomScheduler(config);
}
