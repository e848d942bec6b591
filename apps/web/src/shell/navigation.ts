export interface Destination {
  readonly href: string;
  readonly name: string;
  /** The fleet set whose size stands beside the name. */
  readonly counts?: 'pods' | 'services' | 'nodes' | 'workloads';
}

export const NAVIGATION: readonly { readonly heading?: string; readonly links: readonly Destination[] }[] = [
  {
    links: [
      { href: '/', name: 'Bridge' },
      { href: '/workloads', name: 'Workloads', counts: 'workloads' },
      { href: '/pods', name: 'Pods', counts: 'pods' },
      { href: '/services', name: 'Services', counts: 'services' },
      { href: '/nodes', name: 'Nodes', counts: 'nodes' },
    ],
  },
  {
    heading: 'Explain',
    links: [
      { href: '/events', name: 'Events' },
      { href: '/history', name: 'History' },
    ],
  },
  {
    heading: 'Configure',
    links: [
      { href: '/config', name: 'Config & secrets' },
      { href: '/kinds', name: 'Your own kinds' },
      { href: '/create', name: 'Create from YAML' },
    ],
  },
];
