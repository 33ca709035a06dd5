{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* What no schema can say: values that do not go together. */}}

{{- define "lastcall.checkValues" -}}
{{- if not .Values.image.repository -}}
  {{- fail "image.repository: missing; accepted: the application's image" -}}
{{- end -}}
{{- if not (regexMatch "^[a-z0-9-]*$" (include "lastcall.name" .)) -}}
  {{- printf "nameOverride: missing; the release is called %q, and no Service can be. Accepted: letters, digits and hyphens" .Release.Name | fail -}}
{{- end -}}
{{- include (printf "lastcall.%s.check" .Values.mode) . -}}
{{- include "lastcall.checkNames" . -}}
{{- if and .Values.service.enabled .Values.service.ports (not .Values.ports) -}}
  {{- fail "service.ports: found without ports, so that nobody is served; accepted: the application's ports, too" -}}
{{- end -}}
{{- include "lastcall.checkServicePorts" . -}}
{{- $rolling := default dict .Values.strategy.rollingUpdate -}}
{{- if and (eq .Values.strategy.type "RollingUpdate") (eq "00" (printf "%v%v" $rolling.maxSurge $rolling.maxUnavailable | replace "%" "")) -}}
  {{- fail "strategy.rollingUpdate: found maxSurge and maxUnavailable 0, so that no pod could ever be replaced; accepted: one of them above 0" -}}
{{- end -}}
{{- if and .Values.service.externalTrafficPolicy (eq .Values.service.type "ClusterIP") -}}
  {{- printf "service.externalTrafficPolicy: found %s with service.type ClusterIP, which is not reached from outside; accepted: NodePort or LoadBalancer, or service.internalTrafficPolicy" .Values.service.externalTrafficPolicy | fail -}}
{{- end -}}
{{- include "lastcall.checkAutoscaling" . -}}
{{- include "lastcall.checkTimes" . -}}
{{- end }}

{{- /* Names of ports are the pod's, whichever container has them. */}}
{{- define "lastcall.checkServicePorts" -}}
{{- $containers := list (dict "ports" .Values.ports) | concat (default list .Values.initContainers) (default list .Values.extraContainers) -}}
{{- $names := list "lastcall" -}}
{{- range $containers -}}
  {{- range .ports }}{{ $names = append $names .name }}{{ end -}}
{{- end -}}
{{- $ports := default list .Values.service.ports -}}
{{- range $i, $port := $ports -}}
  {{- if and (gt (len $ports) 1) (not .name) -}}
    {{- printf "service.ports[%d].name: missing; accepted: none only where there is one port" $i | fail -}}
  {{- end -}}
  {{- if and (kindIs "string" .targetPort) (not (has .targetPort $names)) -}}
    {{- printf "service.ports[%d].targetPort: found %q; accepted: a number, or the name of one of `ports`: %s" $i .targetPort (compact $names | join ", ") | fail -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- /* A utilization is a share of what was requested, which is the limit where nothing else is said. */}}
{{- define "lastcall.checkAutoscaling" -}}
{{- $resources := default dict .Values.resources -}}
{{- $requests := merge dict (default dict $resources.requests) (default dict $resources.limits) -}}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) -}}
  {{- printf "autoscaling.minReplicas: found %d; accepted: at most autoscaling.maxReplicas (%d)" (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas) | fail -}}
{{- end -}}
{{- range $i, $metric := .Values.autoscaling.enabled | ternary .Values.autoscaling.metrics list -}}
  {{- $of := default dict $metric.resource -}}
  {{- if and (eq (dig "target" "type" "" $of) "Utilization") (not (hasKey $requests $of.name)) -}}
    {{- printf "autoscaling.metrics[%d]: found a utilization of %s, of which resources.requests has none; accepted: resources.requests.%s, or another target" $i $of.name $of.name | fail -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- define "lastcall.entrypoint.check" -}}
{{- include "lastcall.front.check" . -}}
{{- end }}

{{- define "lastcall.inject.check" -}}
{{- include "lastcall.front.check" . -}}
{{- if not .Values.command -}}
  {{- fail "command: missing; mode inject puts lastcall in front of it, and no chart can read it from the image. Accepted: the image's ENTRYPOINT and CMD (docker image inspect), or mode sidecar" -}}
{{- end -}}
{{- end }}

{{- /* They would count for more than the file does. */}}
{{- define "lastcall.checkEnv" -}}
{{- range $i, $variable := .Values.env -}}
  {{- if hasPrefix "LASTCALL_" .name -}}
    {{- printf "env[%d].name: found %s, by which lastcall would not be what this chart says; accepted: the values shutdown, drain and lastcall, lastcall.config among them" $i .name | fail -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- define "lastcall.front.check" -}}
{{- include "lastcall.checkEnv" . -}}
{{- range $kind := list "startupProbe" "readinessProbe" "livenessProbe" -}}
  {{- $probe := default dict (get $.Values $kind) -}}
  {{- if hasKey $probe "grpc" -}}
    {{- printf "%s: found grpc, which lastcall does not speak; accepted: httpGet, tcpSocket or exec, or mode sidecar" $kind | fail -}}
  {{- end -}}
  {{- if hasKey $probe "terminationGracePeriodSeconds" -}}
    {{- printf "%s.terminationGracePeriodSeconds: found; a failure is lastcall's own shutdown, within shutdown.gracePeriod. Accepted: none, or mode sidecar" $kind | fail -}}
  {{- end -}}
  {{- if and (ne $kind "readinessProbe") (gt (default 1 $probe.successThreshold | int) 1) -}}
    {{- printf "%s.successThreshold: found %d; accepted: 1, but in a readinessProbe" $kind (int $probe.successThreshold) | fail -}}
  {{- end -}}
  {{- $path := dig "httpGet" "path" "" $probe -}}
  {{- if or (not (regexMatch "^[!-~]*$" $path)) (gt (len $path) 2000) -}}
    {{- printf "%s.httpGet.path: found %q; accepted: a path as it is sent, such as /a%%20b, of at most 2000 characters, or mode sidecar" $kind $path | fail -}}
  {{- end -}}
  {{- range $action := list "httpGet" "tcpSocket" -}}
    {{- $host := dig $action "host" "" $probe -}}
    {{- if not (regexMatch "^(localhost|(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)?$" $host) -}}
      {{- printf "%s.%s.host: found %q; lastcall asks for no names. Accepted: localhost, an address, or mode sidecar" $kind $action $host | fail -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- define "lastcall.sidecar.check" -}}
{{- $further := default dict .Values.lastcall.config -}}
{{- range $key := list "signals" "exitCodes" -}}
  {{- if get $further $key -}}
    {{- printf "lastcall.config.%s: found in mode sidecar, where lastcall starts no process; accepted: mode entrypoint or inject" $key | fail -}}
  {{- end -}}
{{- end -}}
{{- $stopOn := dig "shutdown" "stopOn" list $further -}}
{{- if and $stopOn (not (or (has "SIGTERM" $stopOn) (has "TERM" $stopOn) (has "15" (toStrings $stopOn)))) -}}
  {{- fail "lastcall.config.shutdown.stopOn: found without SIGTERM in mode sidecar, which the kubelet ends with it; accepted: SIGTERM among them" -}}
{{- end -}}
{{- range $key := list "stopSignal" "stopTarget" "postStop" -}}
  {{- if get $.Values.shutdown $key -}}
    {{- printf "shutdown.%s: found in mode sidecar, where the kubelet stops the application, not lastcall; accepted: mode entrypoint or inject" $key | fail -}}
  {{- end -}}
{{- end -}}
{{- if and .Values.hostNetwork (semverCompare "<1.30.0-0" .Capabilities.KubeVersion.Version) -}}
  {{- fail "hostNetwork: found true in mode sidecar, whose preStop hook has to sleep then, which Kubernetes can from 1.30; accepted: a newer cluster, or mode entrypoint or inject" -}}
{{- end -}}
{{- if and .Values.hostNetwork (not (kindIs "invalid" (default dict .Values.drain).timeout)) -}}
  {{- fail "drain.timeout: found in mode sidecar with hostNetwork, where the pod's hook sleeps for the window and there is no drain; accepted: mode entrypoint or inject" -}}
{{- end -}}
{{- if and .Values.hostNetwork .Values.shutdown.preStop -}}
  {{- fail "shutdown.preStop: found in mode sidecar with hostNetwork, where the pod's hook sleeps and nobody tells lastcall of the stop; accepted: mode entrypoint or inject" -}}
{{- end -}}
{{- range .Values.shutdown.preStop -}}
  {{- if hasKey . "signal" -}}
    {{- fail "shutdown.preStop: found a signal in mode sidecar, where lastcall sees no process; accepted: httpGet, sleep, or mode entrypoint or inject" -}}
  {{- end -}}
  {{- if hasKey . "exec" -}}
    {{- fail "shutdown.preStop: found exec in mode sidecar, where it would be done in lastcall's container, which has no programs; accepted: httpGet, sleep, or mode entrypoint or inject" -}}
  {{- end -}}
{{- end -}}
{{- range $kind := list "startupProbe" "readinessProbe" "livenessProbe" -}}
  {{- range pick (default dict (get $.Values $kind)) "httpGet" "tcpSocket" -}}
    {{- $_ := include "lastcall.portNumber" (dict "ports" $.Values.ports "port" .port) -}}
  {{- end -}}
{{- end -}}
{{- if not (include "lastcall.tcpPorts" . | fromJsonArray) -}}
  {{- fail "ports: found no TCP port; a sidecar cannot see by itself which ports are the application's. Accepted: at least one, or mode entrypoint or inject" -}}
{{- end -}}
{{- end }}
