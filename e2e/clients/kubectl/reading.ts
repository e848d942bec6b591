import { type Chapter, comes, does, fails, since133 } from './step';

/** Everything that `get`, `describe` and their flags show of one running workload. */
export const reading: Chapter = {
  title: 'looks at what runs',
  steps: [
    does('kubectl create deployment web --image=wheelhouse/hello:1 --replicas=2', /web created/),
    does('kubectl rollout status deployment/web --timeout=120s', /successfully rolled out/),
    does('kubectl get pods', /^NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\nweb-\S+\s+1\/1\s+Running\s+0/),
    does(
      'kubectl get pods -o wide',
      /NODE\s+NOMINATED NODE\s+READINESS GATES\n.*10\.\d+\.\d+\.\d+\s+node-\d/,
    ),
    does('kubectl get pods -o name | wc -l', /^\s*2$/m),
    does('kubectl get deployment web -o yaml', /^apiVersion: apps\/v1\nkind: Deployment\n/),
    does('kubectl get pods -o json', /^\{\n {4}"apiVersion": "v1",\n {4}"items": \[/),
    does(
      "kubectl get pods -o jsonpath='{.items[*].spec.containers[*].image}'",
      /^(wheelhouse\/hello:1 ?){2}$/,
    ),
    does(
      'kubectl get pods -o custom-columns=POD:.metadata.name,IP:.status.podIP',
      /^POD\s+IP\nweb-\S+\s+10\./,
    ),
    does("kubectl get pods -o go-template='{{range .items}}{{.status.phase}} {{end}}'", /^Running Running $/),
    does('kubectl get deploy,rs,svc -o wide', /deployment\.apps\/web[\s\S]*replicaset\.apps\/web-/),
    does('kubectl get pods --sort-by=.metadata.name --no-headers', /^web-\S+ .*\nweb-\S+ .*\n$/),
    does('kubectl get pods --show-labels', /app=web,pod-template-hash=/),
    does('kubectl get pods -L app,tier', /AGE\s+APP\s+TIER\nweb-\S+ .*web/),
    does('kubectl get pods --chunk-size=1', /(web-\S+.*\n){2}/),
    does(
      'kubectl get pods --field-selector=status.phase!=Running',
      /^No resources found in \S+ namespace\.\n$/,
    ),
    does('kubectl get pods -l "app in (web),tier notin (db)" -o name', /^pod\/web-/),
    does(
      'kubectl get pods --all-namespaces --field-selector metadata.namespace=$NS',
      /NAMESPACE\s+NAME[\s\S]*web-/,
    ),
    does('kubectl get all', /pod\/web-[\s\S]*deployment\.apps\/web[\s\S]*replicaset\.apps\/web-/),
    does('kubectl get --raw /api/v1/namespaces/$NS/pods?limit=1', /^\{"kind":"PodList","apiVersion":"v1"/),
    does(
      'mkfifo seen; kubectl get deploy web -w -o name >seen & exec 3<seen; read one <&3; kubectl annotate deploy/web note=1; read two <&3; kill $!; echo "$one, $two"',
      /deployment\.apps\/web, deployment\.apps\/web$/m,
    ),
    does(
      'kubectl describe deployment web',
      /RollingUpdateStrategy:\s+25% max unavailable, 25% max surge[\s\S]*ScalingReplicaSet/,
    ),
    does(
      'kubectl describe pods -l app=web',
      /Status:\s+Running[\s\S]*Successfully assigned[\s\S]*Started container hello/,
    ),
    does('kubectl describe rs', /Controlled By:\s+Deployment\/web[\s\S]*SuccessfulCreate/),
    does(
      'kubectl describe node node-1',
      /Allocatable:[\s\S]*Non-terminated Pods:[\s\S]*Allocated resources:/,
    ),
    does('kubectl describe namespace $NS', /Status:\s+Active/),
    does('kubectl get events --sort-by=.lastTimestamp', /Scheduled\s+pod\/web-/),
    does('kubectl get events --field-selector reason=ScalingReplicaSet', /deployment\/web\s+Scaled up/),
    does(
      'kubectl events --for deployment/web',
      /ScalingReplicaSet\s+Deployment\/web/,
      since133('a plugin name to 1.20'),
    ),
    does('kubectl get componentstatuses', /STATUS\s+MESSAGE\s+ERROR\n.*Healthy/),
    comes('kubectl top nodes', /CPU\(cores\)[\s\S]*node-1\s+\d+m/),
    comes('kubectl top pods --containers', /web-\S+\s+hello\s+\d+m\s+\d+Mi/),
    fails('kubectl get pod nobody', /^Error from server \(NotFound\): pods "nobody" not found\n$/),
    fails('kubectl get wardrobes', /the server doesn't have a resource type "wardrobes"/),
  ],
};
