import { type Chapter, comes, does, fails, since133 } from './step';

const container = (path: string) =>
  `kubectl get deploy web -o jsonpath='{.spec.template.spec.containers[0].${path}}'`;

/** Rollouts, scale and the `set` family on one deployment. */
export const changing: Chapter = {
  title: 'rolls out changes and takes them back',
  steps: [
    does('kubectl create deployment web --image=wheelhouse/hello:1', /created/),
    does('kubectl rollout status deploy/web --timeout=120s', /successfully rolled out/),
    does('kubectl scale deploy/web --replicas=2 --current-replicas=1', /scaled/),
    fails('kubectl scale deploy/web --replicas=3 --current-replicas=1', /Expected replicas to be 1, was 2/i),
    does('kubectl rollout status deploy/web --timeout=120s', /successfully rolled out/),
    does('kubectl rollout pause deploy/web', /paused/),
    does(`kubectl set env deploy/web COLOUR=brass && ${container('env[0].value')}`, /brass$/),
    does('kubectl set env deploy/web --list', /^COLOUR=brass$/m),
    does(
      `kubectl set resources deploy/web --requests=cpu=5m --limits=memory=64Mi && ${container('resources')}`,
      /"memory":"64Mi"/,
    ),
    does('kubectl create sa bot && kubectl set serviceaccount deploy/web bot', /updated/),
    does('kubectl annotate deploy/web kubernetes.io/change-cause="paint it"', /annotated/),
    does('kubectl rollout history deploy/web', /^1\s+\S+/m),
    does('kubectl rollout resume deploy/web', /resumed/),
    does('kubectl rollout status deploy/web --timeout=120s', /successfully rolled out/),
    does('kubectl rollout history deploy/web', /^1\s+<none>\n2\s+paint it$/m),
    does('kubectl rollout history deploy/web --revision=2', /COLOUR:\s+brass/),
    fails(
      'kubectl rollout pause deploy/web >&2; kubectl rollout undo deploy/web',
      /cannot rollback a paused deployment/,
    ),
    does('kubectl rollout resume deploy/web', /resumed/),
    does('kubectl rollout undo deploy/web --to-revision=1', /rolled back/),
    does('kubectl rollout status deploy/web --timeout=120s', /successfully rolled out/),
    // The old replica set came back: what clients send back of what they read has not changed the template.
    does('kubectl get rs -l app=web --no-headers | wc -l', /^\s*2$/m),
    does(`echo "<$(${container('env')})>"`, /^<>$/m),
    does('kubectl rollout restart deploy/web', /restarted/),
    does('kubectl rollout status deploy/web --timeout=120s', /successfully rolled out/),
    does(
      `kubectl set image deploy/web hello=wheelhouse/hello:2 --dry-run=server -o yaml`,
      /image: wheelhouse\/hello:2/,
    ),
    does(
      'kubectl create service clusterip web --tcp=80:8080 && kubectl set selector svc/web app=other',
      /selector updated/,
    ),
    does(
      `kubectl patch deploy web -p '{"spec":{"template":{"spec":{"containers":[{"name":"hello","env":[{"name":"A","value":"1"}]}]}}}}' && ${container('image')}`,
      /patched\n.*wheelhouse\/hello:1$/,
    ),
    does(
      `kubectl patch deploy web --subresource=scale --type=merge -p '{"spec":{"replicas":1}}' && kubectl get deploy web --subresource=scale -o jsonpath='{.spec.replicas}'`,
      /1$/,
      since133('1.20 knows no --subresource'),
    ),
    does('kubectl wait --for=condition=Available deploy/web --timeout=60s', /condition met/),
    does(
      `kubectl wait --for=jsonpath='{.status.observedGeneration}' deploy/web --timeout=60s`,
      /condition met/,
      since133('1.20 waits for conditions and deletion alone'),
    ),
    fails('kubectl wait --for=condition=Ready=False deploy/web --timeout=1s', /timed out waiting/),
    comes('kubectl get deploy web', /web\s+(1\/1|2\/2)/),
  ],
};
