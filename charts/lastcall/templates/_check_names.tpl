{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* What must not be there twice. */}}

{{- define "lastcall.checkNames" -}}
{{- $own := include (printf "lastcall.%s.initContainers" .Values.mode) . | fromYamlArray -}}
{{- $containers := concat (list (dict "name" "app")) $own (default list .Values.initContainers) (default list .Values.extraContainers) -}}
{{- include "lastcall.checkOnce" (list "initContainers, extraContainers" "a container" $containers) -}}
{{- $volumes := include "lastcall.volumes" . | fromYamlArray -}}
{{- with include (printf "lastcall.%s.volumes" .Values.mode) . }}{{ $volumes = concat $volumes (fromYamlArray .) }}{{ end -}}
{{- include "lastcall.checkOnce" (list "volumes" "a volume" (concat $volumes (default list .Values.volumes))) -}}
{{- $mounts := default list .Values.volumeMounts -}}
{{- with include (printf "lastcall.%s.mounts" .Values.mode) . }}{{ $mounts = concat (fromYamlArray .) $mounts }}{{ end -}}
{{- $paths := list -}}
{{- range $mounts }}{{ $paths = append $paths (dict "name" (trimSuffix "/" .mountPath)) }}{{ end -}}
{{- include "lastcall.checkOnce" (list "volumeMounts" "a mount at" $paths) -}}
{{- $names := list -}}
{{- $numbers := list -}}
{{- range .Values.ports -}}
  {{- if .name }}{{ $names = append $names . }}{{ end -}}
  {{- if and $.Values.hostNetwork .hostPort (ne (int .hostPort) (int .containerPort)) -}}
    {{- printf "ports: found hostPort %d for containerPort %d with hostNetwork, where they are the same port; accepted: none" (int .hostPort) (int .containerPort) | fail -}}
  {{- end -}}
  {{- $numbers = append $numbers (dict "name" (printf "%d/%s" (int .containerPort) (default "TCP" .protocol))) -}}
{{- end -}}
{{- include "lastcall.checkOnce" (list "ports" "a port" $names) -}}
{{- include "lastcall.checkOnce" (list "ports" "a port" $numbers) -}}
{{- include "lastcall.checkOwnPort" (list "ports" .Values.ports $) -}}
{{- range $key := list "initContainers" "extraContainers" -}}
  {{- range $i, $container := default list (get $.Values $key) -}}
    {{- include "lastcall.checkOwnPort" (list (printf "%s[%d].ports" $key $i) $container.ports $) -}}
  {{- end -}}
{{- end -}}
{{- if hasKey (default dict .Values.podAnnotations) (include "lastcall.configAnnotation" .) -}}
  {{- printf "podAnnotations: found %s, which is the chart's own; accepted: lastcall.config" (include "lastcall.configAnnotation" .) | fail -}}
{{- end -}}
{{- include "lastcall.checkLabels" (list "podLabels" .Values.podLabels (include "lastcall.selectorLabels" . | fromYaml)) -}}
{{- $labels := include "lastcall.ownLabels" . | fromYaml -}}
{{- include "lastcall.checkLabels" (list "commonLabels" .Values.commonLabels $labels) -}}
{{- range $key := list "podMonitor" "prometheusRule" "dashboard" -}}
  {{- include "lastcall.checkLabels" (list (printf "%s.labels" $key) (get $.Values $key).labels $labels) -}}
{{- end -}}
{{- end }}

{{- /* (list KEY WHAT OBJECTS): no two of one name. */}}
{{- define "lastcall.checkOnce" -}}
{{- $names := list -}}
{{- range index . 2 -}}
  {{- if has .name $names -}}
    {{- printf "%s: found %s %q, of which there is one already; accepted: another" (index $ 0) (index $ 1) .name | fail -}}
  {{- end -}}
  {{- $names = append $names .name -}}
{{- end -}}
{{- end }}

{{- /* (list KEY PORTS .): the containers of a pod share its ports, and a PodMonitor finds lastcall's by
its name. */}}
{{- define "lastcall.checkOwnPort" -}}
{{- $own := int (index . 2).Values.lastcall.port -}}
{{- range index . 1 -}}
  {{- if and (eq (int .containerPort) $own) (eq (default "TCP" .protocol) "TCP") -}}
    {{- printf "%s: found %d, where lastcall itself listens; accepted: another lastcall.port" (index $ 0) $own | fail -}}
  {{- end -}}
  {{- if eq (default "" .name) "lastcall" -}}
    {{- printf "%s: found \"lastcall\", as lastcall's own port is called; accepted: another name" (index $ 0) | fail -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- /* (list KEY LABELS OWN) */}}
{{- define "lastcall.checkLabels" -}}
{{- range $label, $_ := index . 1 -}}
  {{- if hasKey (index $ 2) $label -}}
    {{- printf "%s: found %s, which is the chart's own; accepted: another label" (index $ 0) $label | fail -}}
  {{- end -}}
{{- end -}}
{{- end }}
