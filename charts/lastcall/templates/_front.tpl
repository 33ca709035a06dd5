{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* What the modes have in common in which lastcall stands in front of the application. */}}

{{- /* The application as lastcall starts it; its command is on lastcall's command line. */}}
{{- define "lastcall.front.process" -}}
{{- $process := pick .Values.shutdown "stopSignal" "stopTimeout" "stopTarget" "preStop" "postStop" -}}
{{- $process = include "lastcall.set" $process | fromJson -}}
{{- $_ := set $process "name" "app" -}}
{{- $ports := include "lastcall.tcpPorts" . | fromJsonArray -}}
{{- /* An empty list says that nobody is served; who has UDP ports alone is found by lastcall itself. */ -}}
{{- if or $ports (not .Values.ports) }}{{ $_ := set $process "ports" $ports }}{{ end -}}
{{- range $kind := list "startupProbe" "readinessProbe" "livenessProbe" -}}
  {{- with get $.Values $kind -}}
    {{- $_ := set $process $kind (include "lastcall.check" (dict "probe" . "ports" $.Values.ports "env" $.Values.env) | fromJson) -}}
  {{- end -}}
{{- end -}}
{{- toJson $process }}
{{- end }}

{{- /* (dict "program" PATH "root" .): lastcall, then the application's own command. */}}
{{- define "lastcall.front.command" -}}
command:
  {{- concat (list .program "-c" (include "lastcall.configFile" .root) "--") .root.Values.command | toYaml | nindent 2 }}
{{- end }}

{{- define "lastcall.front.extraContainers" -}}
{{- with .Values.extraContainers }}{{ toYaml . }}{{ end }}
{{- end }}
