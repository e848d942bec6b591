import type { KindDefinition, SubresourceDefinition } from '../meta/kind';
import type { Operation } from './operations';
import { type QueryParameter, query } from './query-parameter';

const CONTAINER = query('container', 'string', 'Which container; the only one where there is one alone.');
const STREAMS = [
  CONTAINER,
  query('stderr', 'boolean', 'Whether what it writes to standard error is sent.'),
  query('stdin', 'boolean', 'Whether standard input is passed on.'),
  query('stdout', 'boolean', 'Whether what it writes to standard output is sent.'),
  query('tty', 'boolean', 'Whether it gets a terminal.'),
];
const COMMAND = query('command', 'string', 'The program to run and its arguments, one parameter each.');
const LOG = [
  CONTAINER,
  query('follow', 'boolean', 'Whether to go on with what is written from now on.'),
  query('insecureSkipTLSVerifyBackend', 'boolean', 'Whether the certificate of the node may be any.'),
  query('limitBytes', 'integer', 'How many bytes to answer at most.'),
  query('pretty', 'string', 'Whether the output is indented.'),
  query('previous', 'boolean', 'Whether the log of the container before the last restart is meant.'),
  query('sinceSeconds', 'integer', 'Only what was written in so many last seconds.'),
  query('stream', 'string', 'Which stream: All, Stdout or Stderr.'),
  query('tailLines', 'integer', 'How many lines to begin with, from the end.'),
  query('timestamps', 'boolean', 'Whether each line begins with its time.'),
];

interface Connection {
  readonly methods: readonly Operation['method'][];
  readonly query: readonly QueryParameter[];
  /** Further segments of the path are passed on. */
  readonly withPath?: boolean;
}

const STREAMED = ['get', 'post'] as const;
const CONNECTIONS: Readonly<Record<string, Connection>> = {
  attach: { methods: STREAMED, query: STREAMS },
  exec: { methods: STREAMED, query: [COMMAND, ...STREAMS] },
  portforward: {
    methods: STREAMED,
    query: [query('ports', 'integer', 'The ports of the pod, separated by commas.')],
  },
  proxy: {
    methods: ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'],
    query: [query('path', 'string', 'The path at what is behind the proxy.')],
    withPath: true,
  },
};

type Base = Pick<Operation, 'path' | 'tag' | 'pathParameters'> & {
  /** `connectGet` → the id of the operation, without the name of the subresource. */
  readonly id: (word: string) => string;
};

/** The operations on a subresource that is a stream or a text; none for those that are objects. */
export function connectionsOf(kind: KindDefinition, sub: SubresourceDefinition, base: Base): Operation[] {
  const { tag, path, pathParameters } = base;
  const suffix = sub.name.charAt(0).toUpperCase() + sub.name.slice(1);
  const text = { tag, body: undefined, bodyRequired: false, response: undefined };
  const gvk = { group: sub.group ?? kind.group, kind: sub.kind, version: sub.version ?? kind.version };
  if (sub.name === 'log') {
    return [
      {
        ...text,
        path,
        method: 'get',
        action: 'get',
        id: `${base.id('read')}${suffix}`,
        description: `read ${sub.name} of the ${kind.kind}`,
        gvk,
        query: LOG,
        pathParameters,
        produces: ['text/plain', 'application/json', 'application/yaml'],
      },
    ];
  }
  const connection = CONNECTIONS[sub.name];
  if (!connection) return [];
  const connect = (method: Operation['method'], further: boolean): Operation => ({
    ...text,
    path: further ? `${path}/{path}` : path,
    method,
    action: 'connect',
    id: `${base.id(method.charAt(0).toUpperCase() + method.slice(1))}${suffix}${further ? 'WithPath' : ''}`,
    description: `connect ${method.toUpperCase()} requests to ${sub.name} of ${kind.kind}`,
    gvk,
    query: connection.query,
    pathParameters: further ? [...pathParameters, 'path'] : pathParameters,
    produces: ['*/*'],
  });
  return [
    ...connection.methods.map((method) => connect(method, false)),
    ...(connection.withPath ? connection.methods.map((method) => connect(method, true)) : []),
  ];
}
