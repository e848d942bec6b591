import { type Chapter, comes, does, fails, since133 } from './step';

const definition = `kubectl apply -f - <<EOF
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: boats$ID.harbour.example }
spec:
  group: harbour.example
  scope: Namespaced
  names: { plural: boats$ID, kind: Boat$ID, shortNames: [bo$ID], categories: [fleet$ID] }
  versions:
    - name: v1
      served: true
      storage: true
      subresources: { status: {}, scale: { specReplicasPath: .spec.crew, statusReplicasPath: .status.crew } }
      additionalPrinterColumns: [{ name: Crew, type: integer, jsonPath: .spec.crew }]
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties: { crew: { type: integer, minimum: 1, default: 2, description: How many sail it. } }
            status: { type: object, properties: { crew: { type: integer } } }
EOF`;
const boat = (spec: string) =>
  `printf "apiVersion: harbour.example/v1\\nkind: Boat$ID\\nmetadata: {name: swift}\\nspec: ${spec}\\n"`;

/** What the server tells about itself, and kinds that users define. */
export const discovering: Chapter = {
  title: 'asks what there is, and adds to it',
  steps: [
    does('kubectl version', /Server Version: .*v1\.33/),
    does('kubectl cluster-info', /control plane[\s\S]*is running at[\s\S]*https:\/\/127\.0\.0\.1/),
    does('kubectl api-versions', /^apps\/v1\n[\s\S]*^batch\/v1\n[\s\S]*^v1$/m),
    does('kubectl api-resources --api-group=apps', /statefulsets\s+sts\s+apps\/v1\s+true\s+StatefulSet/),
    does('kubectl api-resources --verbs=list --namespaced=false -o name', /^nodes$/m),
    does('kubectl explain pod.spec.containers.livenessProbe.httpGet', /port\s+<\S+> -required-/),
    does('kubectl explain deployment.spec --recursive', /maxSurge\s+<\S+>[\s\S]*template\s+<\S+>/),
    does('kubectl explain hpa.spec --api-version=autoscaling/v1', /targetCPUUtilizationPercentage/),
    fails('kubectl explain pod.spec.nonsense', /field "nonsense" does not exist/),
    does(definition, /boats\S+ created/),
    does('kubectl wait --for=condition=Established crd/boats$ID.harbour.example', /condition met/),
    comes(`${boat('{}')} | kubectl apply -f -`, /swift created/),
    does('kubectl get bo$ID', /NAME\s+CREW\nswift\s+2/),
    does('kubectl get fleet$ID -o name', /boat\S+\/swift/),
    comes('kubectl explain boats$ID.spec', /crew\s+<integer>\s+How many sail it\./),
    does('kubectl scale boats$ID/swift --replicas=5', /scaled/),
    does("kubectl get boats$ID swift -o jsonpath='{.spec.crew}'", /^5$/),
    does(`kubectl patch boats$ID swift --type=merge -p '{"spec":{"crew":3}}'`, /patched/),
    fails(
      `kubectl patch boats$ID swift --type=strategic -p '{"spec":{"crew":3}}'`,
      /unknown format|UnsupportedMediaType/,
    ),
    fails(
      `${boat('{crew: 0}')} | kubectl apply -f -`,
      /spec\.crew in body should be greater than or equal to 1/,
    ),
    fails(
      `${boat('{oars: 4}')} | kubectl apply --validate=strict -f -`,
      /unknown field "spec\.oars"/,
      since133('--validate is true or false in 1.20'),
    ),
    fails(`${boat('{oars: 4}')} | kubectl apply -f -`, /unknown field "(oars|spec\.oars)"/),
    does('kubectl delete crd boats$ID.harbour.example', /deleted/),
    fails(
      'kubectl get boats$ID',
      /the server (doesn't have a resource type|could not find the requested resource)/,
    ),
  ],
};
