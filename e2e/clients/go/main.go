// A program as operators in Go are made: client-go's typed and dynamic clients, informers, events, leader election
// and server-side apply, with protobuf for the built-in kinds. Prints one JSON object of what it saw.
// Arguments: kubeconfig, namespace.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/retry"
	"k8s.io/client-go/util/workqueue"
)

const patience = 90 * time.Second

var (
	crds  = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	foos  = schema.GroupVersionResource{Group: "go.example", Version: "v1", Resource: "foos"}
	seen  = map[string]interface{}{}
	guard sync.Mutex
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	must(err)
	namespace := os.Args[2]
	typed := rest.CopyConfig(config)
	typed.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	typed.ContentType = "application/vnd.kubernetes.protobuf"
	clients, err := kubernetes.NewForConfig(typed)
	must(err)
	anything, err := dynamic.NewForConfig(config)
	must(err)

	_, err = clients.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	must(err)
	discover(clients)
	define(ctx, anything)
	operate(ctx, clients, anything, namespace)
	apply(ctx, clients, namespace)
	race(ctx, clients, namespace)
	elect(ctx, clients, namespace)
	must(clients.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{}))
	must(json.NewEncoder(os.Stdout).Encode(seen))
}

// discover reads everything that the server has, as restmappers do.
func discover(clients *kubernetes.Clientset) {
	groups, err := restmapper.GetAPIGroupResources(clients.Discovery())
	must(err)
	mapping, err := restmapper.NewDiscoveryRESTMapper(groups).RESTMapping(schema.GroupKind{Group: "apps", Kind: "Deployment"})
	must(err)
	seen["mapping"] = mapping.Resource.String()
	_, err = discovery.ServerPreferredResources(clients.Discovery())
	must(err)
	document, err := clients.Discovery().OpenAPISchema()
	must(err)
	seen["openapi"] = document.Info.Title
}

func define(ctx context.Context, anything dynamic.Interface) {
	definition := object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "foos.go.example")
	definition.Object["spec"] = map[string]interface{}{
		"group": "go.example", "scope": "Namespaced",
		"names": map[string]interface{}{"plural": "foos", "kind": "Foo"},
		"versions": []interface{}{map[string]interface{}{
			"name": "v1", "served": true, "storage": true,
			"subresources": map[string]interface{}{"status": map[string]interface{}{}},
			"schema": map[string]interface{}{"openAPIV3Schema": map[string]interface{}{
				"type": "object", "x-kubernetes-preserve-unknown-fields": true,
			}},
		}},
	}
	_, err := anything.Resource(crds).Create(ctx, definition, metav1.CreateOptions{})
	must(err)
	until("the definition is established", func() (bool, error) {
		found, err := anything.Resource(crds).Get(ctx, "foos.go.example", metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		conditions, _, _ := unstructured.NestedSlice(found.Object, "status", "conditions")
		for _, condition := range conditions {
			if condition, ok := condition.(map[string]interface{}); ok && condition["type"] == "Established" && condition["status"] == "True" {
				return true, nil
			}
		}
		return false, nil
	})
}

// operate is a small operator: every Foo owns a deployment of as many replicas as it says, and tells how many run.
func operate(ctx context.Context, clients *kubernetes.Clientset, anything dynamic.Interface, namespace string) {
	stop := make(chan struct{})
	defer close(stop)
	queue := workqueue.NewRateLimitingQueue(workqueue.DefaultControllerRateLimiter())
	defer queue.ShutDown()
	enqueue := func(name string) { queue.Add(name) }

	dynamicFactory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(anything, 0, namespace, nil)
	fooInformer := dynamicFactory.ForResource(foos)
	fooInformer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o interface{}) { enqueue(o.(*unstructured.Unstructured).GetName()) },
		UpdateFunc: func(_, o interface{}) { enqueue(o.(*unstructured.Unstructured).GetName()) },
	})
	factory := informers.NewSharedInformerFactoryWithOptions(clients, 0, informers.WithNamespace(namespace))
	deployments := factory.Apps().V1().Deployments()
	deployments.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		UpdateFunc: func(_, o interface{}) {
			if owner := metav1.GetControllerOf(o.(*appsv1.Deployment)); owner != nil {
				enqueue(owner.Name)
			}
		},
	})
	dynamicFactory.Start(stop)
	factory.Start(stop)
	dynamicFactory.WaitForCacheSync(stop)
	factory.WaitForCacheSync(stop)

	broadcaster := record.NewBroadcaster()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: clients.CoreV1().Events(namespace)})
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "foo-operator"})
	defer broadcaster.Shutdown()

	reconcile := func(name string) error {
		foo, err := anything.Resource(foos).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		replicas, _, _ := unstructured.NestedInt64(foo.Object, "spec", "replicas")
		current, err := deployments.Lister().Deployments(namespace).Get(name)
		if apierrors.IsNotFound(err) {
			current, err = clients.AppsV1().Deployments(namespace).Create(ctx, deploymentOf(foo, int32(replicas)), metav1.CreateOptions{})
			recorder.Event(foo, corev1.EventTypeNormal, "Created", "made its deployment")
		} else if err == nil && *current.Spec.Replicas != int32(replicas) {
			changed := current.DeepCopy()
			count := int32(replicas)
			changed.Spec.Replicas = &count
			current, err = clients.AppsV1().Deployments(namespace).Update(ctx, changed, metav1.UpdateOptions{})
		}
		if err != nil {
			return err
		}
		running := int64(current.Status.AvailableReplicas)
		if known, _, _ := unstructured.NestedInt64(foo.Object, "status", "running"); known == running {
			return nil
		}
		if err := unstructured.SetNestedField(foo.Object, running, "status", "running"); err != nil {
			return err
		}
		_, err = anything.Resource(foos).Namespace(namespace).UpdateStatus(ctx, foo, metav1.UpdateOptions{})
		return err
	}
	go func() {
		for {
			key, down := queue.Get()
			if down {
				return
			}
			if err := reconcile(key.(string)); err != nil {
				queue.AddRateLimited(key)
			} else {
				queue.Forget(key)
			}
			queue.Done(key)
		}
	}()

	foo := object("go.example/v1", "Foo", "example")
	foo.Object["spec"] = map[string]interface{}{"replicas": int64(2)}
	_, err := anything.Resource(foos).Namespace(namespace).Create(ctx, foo, metav1.CreateOptions{})
	must(err)
	running := func(count int64) {
		until(fmt.Sprintf("the foo runs %d", count), func() (bool, error) {
			found, err := fooInformer.Lister().ByNamespace(namespace).Get("example")
			if err != nil {
				return false, nil
			}
			now, _, _ := unstructured.NestedInt64(found.(*unstructured.Unstructured).Object, "status", "running")
			return now == count, nil
		})
	}
	running(2)
	_, err = anything.Resource(foos).Namespace(namespace).Patch(ctx, "example", types.MergePatchType, []byte(`{"spec":{"replicas":1}}`), metav1.PatchOptions{})
	must(err)
	running(1)
	until("the event is recorded", func() (bool, error) {
		events, err := clients.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.kind=Foo"})
		return err == nil && len(events.Items) == 1 && events.Items[0].Source.Component == "foo-operator", err
	})
	foreground := metav1.DeletePropagationForeground
	must(anything.Resource(foos).Namespace(namespace).Delete(ctx, "example", metav1.DeleteOptions{PropagationPolicy: &foreground}))
	until("what it owned is gone with it", func() (bool, error) {
		_, err := deployments.Lister().Deployments(namespace).Get("example")
		return apierrors.IsNotFound(err), nil
	})
	seen["operator"] = "done"
}

// apply has two managers share an object, with protobuf answers.
func apply(ctx context.Context, clients *kubernetes.Clientset, namespace string) {
	force := false
	patch := func(manager, data string) (*corev1.ConfigMap, error) {
		body := fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"shared"},"data":%s}`, data)
		return clients.CoreV1().ConfigMaps(namespace).Patch(ctx, "shared", types.ApplyPatchType, []byte(body), metav1.PatchOptions{FieldManager: manager, Force: &force})
	}
	_, err := patch("alice", `{"a":"1"}`)
	must(err)
	both, err := patch("bob", `{"b":"2"}`)
	must(err)
	seen["applied"] = both.Data
	_, err = patch("bob", `{"a":"3"}`)
	seen["conflict"] = apierrors.IsConflict(err)
	force = true
	forced, err := patch("bob", `{"a":"3"}`)
	must(err)
	seen["forced"] = forced.Data
	seen["managers"] = len(forced.ManagedFields)
}

// race has many writers update one object, each trying again after a conflict; an informer's store ends up the same.
func race(ctx context.Context, clients *kubernetes.Clientset, namespace string) {
	stop := make(chan struct{})
	defer close(stop)
	factory := informers.NewSharedInformerFactoryWithOptions(clients, 0, informers.WithNamespace(namespace))
	lister := factory.Core().V1().ConfigMaps().Lister()
	factory.Start(stop)
	factory.WaitForCacheSync(stop)
	var writers sync.WaitGroup
	for i := 0; i < 8; i++ {
		writers.Add(1)
		go func(key string) {
			defer writers.Done()
			backoff := wait.Backoff{Steps: 50, Duration: 5 * time.Millisecond, Factor: 1.1, Jitter: 0.5}
			must(retry.RetryOnConflict(backoff, func() error {
				current, err := clients.CoreV1().ConfigMaps(namespace).Get(ctx, "shared", metav1.GetOptions{})
				if err != nil {
					return err
				}
				current.Data[key] = "written"
				_, err = clients.CoreV1().ConfigMaps(namespace).Update(ctx, current, metav1.UpdateOptions{})
				return err
			}))
		}(fmt.Sprintf("writer-%d", i))
	}
	writers.Wait()
	until("the informer knows all", func() (bool, error) {
		found, err := lister.ConfigMaps(namespace).Get("shared")
		return err == nil && len(found.Data) == 9, nil
	})
	seen["writers"] = 8
}

// elect runs two candidates; when the first steps down the other follows.
func elect(ctx context.Context, clients *kubernetes.Clientset, namespace string) {
	var leaders []string
	var running sync.WaitGroup
	for _, identity := range []string{"first", "second"} {
		running.Add(1)
		mine, stepDown := context.WithCancel(ctx)
		identity := identity
		go func() {
			defer running.Done()
			leaderelection.RunOrDie(mine, leaderelection.LeaderElectionConfig{
				Lock: &resourcelock.LeaseLock{
					LeaseMeta:  metav1.ObjectMeta{Name: "operator", Namespace: namespace},
					Client:     clients.CoordinationV1(),
					LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
				},
				ReleaseOnCancel: true,
				LeaseDuration:   3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 500 * time.Millisecond,
				Callbacks: leaderelection.LeaderCallbacks{
					OnStartedLeading: func(context.Context) {
						guard.Lock()
						leaders = append(leaders, identity)
						guard.Unlock()
						stepDown()
					},
					OnStoppedLeading: func() {},
				},
			})
		}()
	}
	running.Wait()
	guard.Lock()
	defer guard.Unlock()
	seen["leaders"] = len(leaders)
}

func deploymentOf(foo *unstructured.Unstructured, replicas int32) *appsv1.Deployment {
	labels := map[string]string{"foo": foo.GetName()}
	kind := schema.GroupVersionKind{Group: foos.Group, Version: foos.Version, Kind: "Foo"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{
			Name:            foo.GetName(),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(foo, kind)},
		},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "hello", Image: "wheelhouse/hello:1"}}},
			},
		},
	}
}

func object(apiVersion, kind, name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]interface{}{
		"apiVersion": apiVersion, "kind": kind, "metadata": map[string]interface{}{"name": name},
	}}
}

func until(what string, condition wait.ConditionFunc) {
	if err := wait.PollImmediate(100*time.Millisecond, patience, condition); err != nil {
		must(fmt.Errorf("%s: %w", what, err))
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
