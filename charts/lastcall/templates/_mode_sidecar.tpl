{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* Mode `sidecar`: lastcall runs beside the application, which is left as it is. */}}

{{- define "lastcall.sidecar.process" -}}
{{- $process := pick .Values.shutdown "stopTimeout" "preStop" -}}
{{- $process = include "lastcall.set" $process | fromJson -}}
{{- $_ := set $process "name" "app" -}}
{{- $_ := set $process "ports" (include "lastcall.tcpPorts" . | fromJsonArray) -}}
{{- toJson $process }}
{{- end }}

{{- define "lastcall.sidecar.command" -}}
{{- with .Values.command -}}
command:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "lastcall.sidecar.env" }}{{ end }}
{{- define "lastcall.sidecar.ports" }}{{ end }}
{{- define "lastcall.sidecar.mounts" }}{{ end }}
{{- define "lastcall.sidecar.volumes" }}{{ end }}

{{- /* The kubelet asks these itself, and the pod is ready when lastcall's container is ready, too. */}}
{{- define "lastcall.sidecar.probes" -}}
{{- $probes := dict -}}
{{- range $kind := list "startupProbe" "readinessProbe" "livenessProbe" -}}
  {{- with get $.Values $kind }}{{ $_ := set $probes $kind . }}{{ end -}}
{{- end -}}
{{- if $probes }}{{ toYaml $probes }}{{ end }}
{{- end }}

{{- define "lastcall.sidecar.preStop" -}}
{{- include "lastcall.sidecar.hook" (list "app" .) }}
{{- end }}

{{- /* "true" where it is a sleep: whoever asks a node's port may get another pod's answer. */}}
{{- define "lastcall.sleeps" -}}
{{- if and (eq .Values.mode "sidecar") .Values.hostNetwork }}true{{ end }}
{{- end }}

{{- /* (list CONTAINER .): it blocks until the window and the drain are over; the kubelet stops the
container then. There is none where it would sleep for 0 s, which older API servers refuse
(KEP-4818). */}}
{{- define "lastcall.sidecar.hook" -}}
{{- $root := index . 1 -}}
{{- if include "lastcall.sleeps" $root -}}
{{- with include "lastcall.seconds" (include "lastcall.times" $root | fromJson).window | int -}}
sleep:
  seconds: {{ . }}
{{- end -}}
{{- else -}}
{{- include "lastcall.sidecar.prestop" (list (printf "container=%s" (index . 0)) $root) }}
{{- end }}
{{- end }}

{{- /* The user's own containers are held up, too: the application may need them until its end. */}}
{{- define "lastcall.sidecar.extraContainers" -}}
{{- $containers := list -}}
{{- range .Values.extraContainers -}}
  {{- $hook := include "lastcall.sidecar.hook" (list .name $) | fromYaml -}}
  {{- $has := hasKey (default dict .lifecycle) "preStop" -}}
  {{- $containers = append $containers (or $has (not $hook) | ternary . (merge (dict "lifecycle" (dict "preStop" $hook)) .)) -}}
{{- end -}}
{{- if $containers }}{{ toYaml $containers }}{{ end }}
{{- end }}

{{- define "lastcall.sidecar.prestop" -}}
{{- $lastcall := (index . 1).Values.lastcall -}}
httpGet:
  path: /prestop?{{ index . 0 }}
  port: {{ $lastcall.port }}
  {{- with $lastcall.token }}
  httpHeaders:
    - {name: Lastcall-Token, value: {{ . | quote }}}
  {{- end }}
{{- end }}

{{- /* A sidecar that is an init container gets its SIGTERM after the application has ended (KEP-753). */}}
{{- define "lastcall.sidecar.initContainers" -}}
- name: lastcall
  {{- include "lastcall.ownContainer" . | nindent 2 }}
  restartPolicy: Always
  command: [/lastcall, --sidecar, -c, {{ include "lastcall.configFile" . }}]
  ports:
    {{- include "lastcall.port" . | nindent 4 }}
  {{- include "lastcall.probes" . | nindent 2 }}
  {{- if not .Values.hostNetwork }}
  lifecycle:
    preStop:
      {{- include "lastcall.sidecar.prestop" (list "pod" .) | nindent 6 }}
  {{- end }}
  volumeMounts:
    {{- include "lastcall.mounts" . | nindent 4 }}
{{- end }}
