import { type Chapter, comes, does, fails } from './step';

/** Nodes and what is removed, in every way that objects can go. `$SPARE` is a node of the chapter's own. */
export const administering: Chapter = {
  title: 'empties nodes and clears away',
  steps: [
    does(
      'kubectl label node $SPARE spare-$ID=yes && kubectl get nodes -l spare-$ID=yes -o name',
      /^node\/node-\d$/m,
    ),
    does('kubectl create deployment spare-$ID --image=wheelhouse/hello:1 --replicas=2', /created/),
    does(
      `kubectl patch deploy spare-$ID -p '{"spec":{"template":{"spec":{"nodeSelector":{"spare-'$ID'":"yes"},"terminationGracePeriodSeconds":1}}}}'`,
      /patched/,
    ),
    does('kubectl rollout status deploy/spare-$ID --timeout=120s', /successfully rolled out/),
    does('kubectl taint node $SPARE keep-$ID=out:NoSchedule', /tainted/),
    does('kubectl describe node $SPARE', /Taints:\s+keep-\S+=out:NoSchedule/),
    fails(
      'kubectl taint node $SPARE keep-$ID=in:NoSchedule',
      /already has keep-\S+ taint.*overwrite is false/,
    ),
    does('kubectl taint node $SPARE keep-$ID-', /untainted/),
    does('kubectl cordon $SPARE && kubectl get node $SPARE', /Ready,SchedulingDisabled/),
    does(
      'kubectl drain $SPARE --ignore-daemonsets --pod-selector=app=spare-$ID --dry-run=server',
      /(evict|drain)[\s\S]*dry run/,
    ),
    does(
      'kubectl drain $SPARE --ignore-daemonsets --delete-emptydir-data --force --pod-selector=app=spare-$ID --timeout=120s',
      /node\/node-\d (drained|evicted)/,
    ),
    comes('kubectl get pods -l app=spare-$ID --no-headers', /(Pending[\s\S]*){2}/),
    comes('kubectl describe pods -l app=spare-$ID', /FailedScheduling.*1 node\(s\) were unschedulable/),
    does('kubectl uncordon $SPARE', /uncordoned/),
    does('kubectl rollout status deploy/spare-$ID --timeout=120s', /successfully rolled out/),
    does('kubectl label node $SPARE spare-$ID-', /labeled/),
    does(
      'kubectl cluster-info dump --namespaces=$NS --output-directory=dump && ls dump/$NS',
      /deployments\.json[\s\S]*pods\.json/,
    ),
    does(
      'kubectl delete deploy spare-$ID --cascade=orphan && kubectl get rs -l app=spare-$ID',
      /spare-\S+\s+2\s+2/,
    ),
    does('kubectl delete rs -l app=spare-$ID --cascade=foreground', /deleted/),
    comes('kubectl get pods -l app=spare-$ID', /No resources found/),
    does(
      'kubectl create job a --image=wheelhouse/hello:1 && kubectl create job b --image=wheelhouse/hello:1',
      /created/,
    ),
    does('kubectl delete job --all --cascade=background', /"a" deleted[\s\S]*"b" deleted/),
    does(
      'kubectl create cm one && kubectl create cm two && kubectl delete cm one two --wait=false',
      /"one" deleted[\s\S]*"two" deleted/,
    ),
    does(
      'kubectl create cm held && kubectl patch cm held -p \'{"metadata":{"finalizers":["example.com/hold"]}}\'',
      /patched/,
    ),
    does(
      'kubectl delete cm held --wait=false && kubectl get cm held -o jsonpath="{.metadata.deletionTimestamp}"',
      /20\d\d-/,
    ),
    does('kubectl patch cm held --type=merge -p \'{"metadata":{"finalizers":null}}\'', /patched/),
    fails('kubectl get cm held', /not found/),
    does('kubectl delete cm nothing --ignore-not-found', /^$/),
    fails('kubectl delete cm nothing', /configmaps "nothing" not found/),
    does('kubectl create namespace gone-$ID && kubectl create cm inside -n gone-$ID', /created/),
    does('kubectl delete namespace gone-$ID --timeout=120s', /deleted/),
    fails('kubectl get cm inside -n gone-$ID', /not found/),
  ],
};
