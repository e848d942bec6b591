import type { Shown } from '../ui/show';
import { HistoryList } from './history-list';

/** The tab of a detail that tells what people wanted of the object. `resource`: where it is not the shown one's. */
export function historyTab(shown: Shown, resource: string = shown.resource) {
  const { namespace, name } = shown;
  return {
    id: 'history',
    name: 'History',
    content: <HistoryList filter={{ resource, namespace, name, without: 'reports' }} />,
  };
}
