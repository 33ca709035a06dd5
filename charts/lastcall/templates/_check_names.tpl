{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* What must not be there twice. */}}

{{- define "lastcall.checkNames" -}}
{{- $own := include (printf "lastcall.%s.initContainers" .Values.mode) . | fromYamlArray -}}
{{- $containers := concat (list (dict "name" "app")) $own (default list .Values.initContainers) (default list .Values.extraContainers) -}}
{{- include "lastcall.checkOnce" (list "initContainers, extraContainers" "a container" $containers) -}}
{{- $volumes := include "lastcall.volumes" . | fromYamlArray -}}
{{- with include (printf "lastcall.%s.volumes" .Values.mode) . }}{{ $volumes = concat $volumes (fromYamlArray .) }}{{ end -}}
{{- include "lastcall.checkOnce" (list "volumes" "a volume" (concat $volumes (default list .Values.volumes))) -}}
{{- include "lastcall.checkOwnPort" (list "ports" .Values.ports $) -}}
{{- range $key := list "initContainers" "extraContainers" -}}
  {{- range $i, $container := default list (get $.Values $key) -}}
    {{- include "lastcall.checkOwnPort" (list (printf "%s[%d].ports" $key $i) $container.ports $) -}}
  {{- end -}}
{{- end -}}
{{- include "lastcall.checkLabels" (list "podLabels" .Values.podLabels (include "lastcall.selectorLabels" . | fromYaml)) -}}
{{- include "lastcall.checkLabels" (list "commonLabels" .Values.commonLabels (include "lastcall.ownLabels" . | fromYaml)) -}}
{{- end }}

{{- /* (list KEY WHAT OBJECTS): no two of one name. */}}
{{- define "lastcall.checkOnce" -}}
{{- $names := list -}}
{{- range index . 2 -}}
  {{- if has .name $names -}}
    {{- printf "%s: found %s %q, of which there is one already; accepted: another name" (index $ 0) (index $ 1) .name | fail -}}
  {{- end -}}
  {{- $names = append $names .name -}}
{{- end -}}
{{- end }}

{{- /* (list KEY PORTS .): the containers of a pod share its ports. */}}
{{- define "lastcall.checkOwnPort" -}}
{{- $own := int (index . 2).Values.lastcall.port -}}
{{- range index . 1 -}}
  {{- if and (eq (int .containerPort) $own) (eq (default "TCP" .protocol) "TCP") -}}
    {{- printf "%s: found %d, where lastcall itself listens; accepted: another lastcall.port" (index $ 0) $own | fail -}}
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
