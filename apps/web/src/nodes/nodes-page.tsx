'use client';
import { useAll } from '../fleet/hooks';
import { Page } from '../ui/page';
import { plural } from '../words/amounts';
import { NodeBoard } from './node-board';

export function NodesPage() {
  const nodes = useAll('nodes');
  const ready = nodes.filter((node) => node.ready === 'True').length;
  return (
    <Page
      title="Nodes"
      note={
        ready === nodes.length ? `${plural(ready, 'node')}, all ready` : `${ready} of ${nodes.length} ready`
      }
    >
      <NodeBoard nodes={nodes} />
    </Page>
  );
}
