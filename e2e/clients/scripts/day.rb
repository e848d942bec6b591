# A day with Debian's ruby-kubeclient: prints one JSON object of what it saw. Argument: namespace.
# It watches by the old paths, /api/v1/watch/….
require 'json'
require 'kubeclient'

namespace = ARGV.fetch(0)
config = Kubeclient::Config.read(ENV.fetch('KUBECONFIG'))
context = config.context
connect = lambda do |path, version|
  Kubeclient::Client.new(
    "#{context.api_endpoint}#{path}", version, ssl_options: context.ssl_options, auth_options: context.auth_options
  )
end
core = connect.call('/api', 'v1')
seen = {}

refused = lambda do |&call|
  call.call
  nil
rescue Kubeclient::HttpError => e
  e.error_code
end

config_map = lambda do |name, data|
  Kubeclient::Resource.new(metadata: { name: name, namespace: namespace, labels: { by: 'ruby' } }, data: data)
end

core.create_namespace(Kubeclient::Resource.new(metadata: { name: namespace }))
first = core.create_config_map(config_map.call('one', { a: '1' }))
seen['merged'] = core.patch_config_map('one', { data: { b: '2' } }, namespace).data.to_h
seen['json patch'] = core.json_patch_config_map('one', [{ op: 'remove', path: '/data/a' }], namespace).data.to_h
first.data = { a: '9' }
seen['conflict'] = refused.call { core.update_config_map(first) }
seen['twice'] = refused.call { core.create_config_map(config_map.call('one', {})) }
seen['missing'] = refused.call { core.get_config_map('none', namespace) }
seen['selected'] = core.get_config_maps(namespace: namespace, label_selector: 'by=ruby').size

start = core.get_config_maps(namespace: namespace).resourceVersion
watcher = core.watch_config_maps(namespace: namespace, resource_version: start)
writer = Thread.new do
  core.create_config_map(config_map.call('two', { a: '1' }))
  core.delete_config_map('two', namespace)
end
seen['events'] = []
watcher.each do |notice|
  seen['events'] << [notice.type, notice.object.metadata.name]
  watcher.finish if notice.type == 'DELETED'
end
writer.join

apps = connect.call('/apis/apps', 'v1')
# A hash: Debian's resources do not become JSON by themselves.
deployment = {
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: namespace },
  spec: {
    replicas: 1, selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'wheelhouse/hello:1' }] }
    }
  }
}
applied = apps.apply_deployment(deployment, field_manager: 'ruby')
seen['applied'] = applied.metadata.managedFields.map { |entry| [entry.manager, entry.operation] }
log = nil
apps.watch_deployments(namespace: namespace).each do |notice|
  next unless notice.object.status&.availableReplicas == 1

  pod = core.get_pods(namespace: namespace).first.metadata.name
  core.watch_pod_log(pod, namespace).each do |line|
    log = line
    break
  end
  break
end
seen['log'] = log
core.delete_namespace(namespace)
puts JSON.generate(seen)
