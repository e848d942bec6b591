/**
 * An API server of its own for `flunders` of the group `wardle.example.com`, as API aggregation passes requests on to
 * it: over HTTPS on 8443, believing who asks as the front proxy says, whose authority is in /program/proxy-ca.crt.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const GROUP = 'wardle.example.com';
const VERSION = 'v1alpha1';
const apiVersion = `${GROUP}/${VERSION}`;
const flunders = new Map();
const watchers = new Set();
let revision = 1;

const resources = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: apiVersion,
  resources: [
    {
      name: 'flunders',
      singularName: 'flunder',
      namespaced: true,
      kind: 'Flunder',
      verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    },
  ],
};
const flunderSchema = {
  type: 'object',
  description: 'What wardles are made of.',
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    spec: { type: 'object', description: 'How it is to be.' },
  },
  'x-kubernetes-group-version-kind': [{ group: GROUP, version: VERSION, kind: 'Flunder' }],
};
const name = 'com.example.wardle.v1alpha1.Flunder';
const documents = {
  [`/apis/${apiVersion}`]: resources,
  '/openapi/v3': {
    paths: { [`apis/${apiVersion}`]: { serverRelativeURL: `/openapi/v3/apis/${apiVersion}?hash=1` } },
  },
  [`/openapi/v3/apis/${apiVersion}`]: {
    openapi: '3.0.0',
    info: { title: 'wardle', version: '1' },
    paths: {
      [`/apis/${apiVersion}/namespaces/{namespace}/flunders`]: {
        post: { 'x-kubernetes-group-version-kind': { group: GROUP, version: VERSION, kind: 'Flunder' } },
      },
    },
    components: { schemas: { [name]: flunderSchema } },
  },
  '/openapi/v2': {
    swagger: '2.0',
    info: { title: 'wardle', version: '1' },
    paths: { [`/apis/${apiVersion}/namespaces/{namespace}/flunders`]: { post: { responses: {} } } },
    definitions: { [name]: flunderSchema },
  },
};

function tell(type, object) {
  for (const watcher of watchers) watcher.write(`${JSON.stringify({ type, object })}\n`);
}

function store(object, type) {
  object.metadata.resourceVersion = String(++revision);
  flunders.set(object.metadata.name, object);
  tell(type, object);
  return object;
}

const notFound = {
  code: 404,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 },
};

function answer({ method, object, wanted, user, namespace }) {
  const found = flunders.get(wanted);
  switch (method) {
    case 'POST': {
      const annotations = { 'wardle.example.com/made-by': user };
      const metadata = { ...object.metadata, namespace, uid: randomUUID(), annotations };
      return { code: 201, body: store({ kind: 'Flunder', apiVersion, ...object, metadata }, 'ADDED') };
    }
    case 'PATCH':
      if (!found) return notFound;
      return {
        code: 200,
        body: store({ ...found, ...object, metadata: { ...found.metadata, ...object.metadata } }, 'MODIFIED'),
      };
    case 'DELETE':
      if (!found) return notFound;
      flunders.delete(wanted);
      tell('DELETED', found);
      return { code: 200, body: { kind: 'Status', apiVersion: 'v1', status: 'Success' } };
    default: {
      if (wanted) return found ? { code: 200, body: found } : notFound;
      const items = [...flunders.values()];
      return {
        code: 200,
        body: { kind: 'FlunderList', apiVersion, metadata: { resourceVersion: String(revision) }, items },
      };
    }
  }
}

const file = (path) => readFileSync(path);
createServer(
  {
    cert: file('/tls/tls.crt'),
    key: file('/tls/tls.key'),
    ca: file('/program/proxy-ca.crt'),
    requestCert: true,
    rejectUnauthorized: false,
  },
  async (req, res) => {
    const { pathname, searchParams } = new URL(req.url, 'https://extension');
    if (pathname === '/') return res.end('ok');
    res.setHeader('content-type', 'application/json');
    if (!req.socket.authorized) return res.writeHead(401).end('{}');
    if (documents[pathname]) return res.end(JSON.stringify(documents[pathname]));
    const [, namespace, wanted] = /\/namespaces\/([^/]+)\/flunders(?:\/([^/]+))?$/.exec(pathname) ?? [];
    if (searchParams.get('watch') === 'true') {
      res.writeHead(200);
      for (const object of flunders.values()) res.write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
      watchers.add(res);
      return res.on('close', () => watchers.delete(res));
    }
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const object = text ? JSON.parse(text) : undefined;
    const user = req.headers['x-remote-user'];
    const { code, body } = answer({ method: req.method, object, wanted, user, namespace });
    res.writeHead(code).end(JSON.stringify(body));
  },
).listen(8443);
process.on('SIGTERM', () => process.exit(0));
