{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* The application's container: the user's values, and what the mode adds to them. */}}

{{- define "lastcall.app" -}}
{{- $mode := .Values.mode -}}
name: app
image: {{ include "lastcall.reference" .Values.image | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with include (printf "lastcall.%s.command" $mode) . }}
{{ . }}
{{- end }}
{{- with .Values.args }}
args:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.workingDir }}
workingDir: {{ . | quote }}
{{- end }}
{{- include "lastcall.list" (list "env" (include (printf "lastcall.%s.env" $mode) .) .Values.env) }}
{{- include "lastcall.list" (list "envFrom" "" .Values.envFrom) }}
{{- include "lastcall.list" (list "ports" (include (printf "lastcall.%s.ports" $mode) .) .Values.ports) }}
{{- with include (printf "lastcall.%s.probes" $mode) . }}
{{ . }}
{{- end }}
{{- $preStop := include (printf "lastcall.%s.preStop" $mode) . }}
{{- if or $preStop .Values.lifecycle }}
lifecycle:
  {{- with $preStop }}
  preStop:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with .Values.lifecycle }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- with .Values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- include "lastcall.list" (list "volumeMounts" (include (printf "lastcall.%s.mounts" $mode) .) .Values.volumeMounts) }}
{{- end }}

{{- /* (list KEY TEXT VALUES): a list of the mode's own entries and the user's, where there are any. */}}
{{- define "lastcall.list" -}}
{{- $own := index . 1 -}}
{{- $users := index . 2 -}}
{{- if or $own $users }}
{{ index . 0 }}:
  {{- with $users }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with $own }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "lastcall.topologySpread" -}}
{{- $selector := dict "matchLabels" (include "lastcall.selectorLabels" . | fromYaml) -}}
{{- $standard := list -}}
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" -}}
  {{- $standard = append $standard (dict "topologyKey" $key "maxSkew" 1 "whenUnsatisfiable" "ScheduleAnyway" "matchLabelKeys" (list "pod-template-hash")) -}}
{{- end -}}
{{- $wanted := kindIs "slice" .Values.topologySpreadConstraints | ternary .Values.topologySpreadConstraints $standard -}}
{{- $constraints := list -}}
{{- range $wanted -}}
  {{- $constraint := deepCopy . -}}
  {{- if kindIs "invalid" .labelSelector }}{{ $_ := set $constraint "labelSelector" $selector }}{{ end -}}
  {{- $constraints = append $constraints $constraint -}}
{{- end -}}
{{- if $constraints }}{{ toYaml $constraints }}{{ end }}
{{- end }}
