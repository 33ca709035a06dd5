{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/*
All arithmetic with times. Inside, milliseconds. What was set must fit into the grace period; what is
a default of lastcall's gives way: the same rules as in lib/config/times.c, and a test holds the two
against each other.
*/}}

{{- /* "500ms", "1.5s", "2m", "1h", 0 -> milliseconds */}}
{{- define "lastcall.msec" -}}
{{- $unit := dict "" 0 "ms" 1 "s" 1000 "m" 60000 "h" 3600000 -}}
{{- $text := toString . -}}
{{- round (mulf (regexFind "^[0-9.]+" $text) (get $unit (regexFind "[a-z]*$" $text))) 0 | int64 }}
{{- end }}

{{- /* milliseconds -> "500ms", "1.5s", "40s" */}}
{{- define "lastcall.duration" -}}
{{- $msec := int64 . -}}
{{- if and $msec (lt $msec 1000) }}{{ $msec }}ms{{ else }}{{ divf $msec 1000 }}s{{ end }}
{{- end }}

{{- /* milliseconds -> whole seconds, rounded up: "16" */}}
{{- define "lastcall.seconds" -}}
{{- div (add (int64 .) 999) 1000 }}
{{- end }}

{{- /* The window: {min, quiet, max} and what of it is fixed, as it was set. */}}
{{- define "lastcall.window" -}}
{{- $presets := dict
      "cluster" (dict "min" 5000 "quiet" 1000 "max" 15000)
      "alb" (dict "min" 15000 "quiet" 2000 "max" 60000)
      "neg" (dict "min" 20000 "quiet" 2000 "max" 60000)
      "nlb" (dict "min" 120000 "quiet" 5000 "max" 180000) -}}
{{- $window := deepCopy $presets.cluster -}}
{{- $set := .Values.shutdown.propagation -}}
{{- if kindIs "string" $set -}}
  {{- $time := include "lastcall.msec" $set | int64 -}}
  {{- $window = hasKey $presets $set | ternary (get $presets $set) (dict "min" $time "quiet" 1000 "max" $time) -}}
  {{- $_ := set $window "fixed" $window.max -}}
{{- else -}}
  {{- range $key, $value := pick (default dict $set) "min" "quiet" "max" -}}
    {{- if not (kindIs "invalid" $value) }}{{ $_ := set $window $key (include "lastcall.msec" $value | int64) }}{{ end -}}
  {{- end -}}
  {{- /* Where one of the two was set, the other's default gives way. */ -}}
  {{- $min := get (default dict $set) "min" -}}
  {{- $max := get (default dict $set) "max" -}}
  {{- if and $max (not $min) }}{{ $_ := set $window "min" (min $window.min $window.max) }}{{ end -}}
  {{- if and $min (not $max) }}{{ $_ := set $window "max" (max $window.min $window.max) }}{{ end -}}
  {{- if $max }}{{ $_ := set $window "fixed" $window.max }}{{ else if $min }}{{ $_ := set $window "fixed" $window.min }}{{ end -}}
{{- end -}}
{{- $window | toJson }}
{{- end }}

{{- /* The parts of the longest way from T0 to the kubelet's SIGKILL, in their order, each {name, msec,
fixed}; without `fixed` it is a default. */}}
{{- define "lastcall.parts" -}}
{{- $shutdown := .Values.shutdown -}}
{{- $drain := default dict .Values.drain -}}
{{- $serves := .Values.ports -}}
{{- $parts := list (include "lastcall.part" (list "margin" $shutdown.margin "1s") | fromJson) -}}
{{- if $serves -}}
  {{- $window := include "lastcall.window" . | fromJson -}}
  {{- $part := dict "name" "window" "msec" $window.max -}}
  {{- $parts = append $parts (hasKey $window "fixed" | ternary (set $part "fixed" $window.fixed) $part) -}}
{{- end -}}
{{- $parts = concat $parts (include "lastcall.hookParts" (list "preStop" $shutdown.preStop) | fromJsonArray) -}}
{{- if and $serves (ne (toString $drain.waitForIdle) "false") -}}
  {{- $parts = append $parts (include "lastcall.part" (list "drain" $drain.timeout "10s") | fromJson) -}}
{{- end -}}
{{- $stop := include "lastcall.part" (list "stopTimeout" $shutdown.stopTimeout "500ms") | fromJson -}}
{{- $parts = append $parts (hasKey $stop "fixed" | ternary $stop (dict "name" "stop reserve" "msec" 500 "fixed" 500)) -}}
{{- concat $parts (include "lastcall.hookParts" (list "postStop" $shutdown.postStop) | fromJsonArray) | toJson }}
{{- end }}

{{- /* (list NAME SET DEFAULT) */}}
{{- define "lastcall.part" -}}
{{- $name := index . 0 -}}
{{- $set := index . 1 -}}
{{- $part := dict "name" $name "msec" (include "lastcall.msec" (kindIs "invalid" $set | ternary (index . 2) $set) | int64) -}}
{{- if not (kindIs "invalid" $set) }}{{ $_ := set $part "fixed" $part.msec }}{{ end -}}
{{- $part | toJson }}
{{- end }}

{{- /* (list NAME HOOKS): a hook takes 5 s at the most where it says nothing, and a sleep its own time,
which is then its `least`, too; a signal takes none. */}}
{{- define "lastcall.hookParts" -}}
{{- $name := index . 0 -}}
{{- $parts := list -}}
{{- range $i, $hook := index . 1 -}}
  {{- $sleep := $hook.sleep -}}
  {{- if kindIs "map" $sleep }}{{ $sleep = printf "%vs" $sleep.seconds }}{{ end -}}
  {{- if or (hasKey $hook "timeout") (not (hasKey $hook "signal")) -}}
    {{- $part := include "lastcall.part" (list (printf "%s[%d]" $name $i) (default $sleep $hook.timeout) "5s") | fromJson -}}
    {{- if $sleep }}{{ $_ := set $part "least" (min (include "lastcall.msec" $sleep) $part.msec) }}{{ end -}}
    {{- $parts = append $parts $part -}}
  {{- end -}}
{{- end -}}
{{- $parts | toJson }}
{{- end }}

{{- /* Refuses times that were set and do not fit, with the sum. */}}
{{- define "lastcall.checkTimes" -}}
{{- $grace := include "lastcall.msec" .Values.shutdown.gracePeriod | int64 -}}
{{- $total := 0 -}}
{{- $texts := list -}}
{{- range include "lastcall.parts" . | fromJsonArray -}}
  {{- $total = add $total (default 0 .fixed | int64) -}}
  {{- $texts = append $texts (printf "%s %s%s" .name (include "lastcall.duration" (default 0 .fixed)) (hasKey . "fixed" | ternary "" " (default, cut)")) -}}
{{- end -}}
{{- if gt $total $grace -}}
  {{- printf "shutdown: found times that do not fit in the grace period: %s = %s; accepted: at most %s, which is shutdown.gracePeriod" (join " + " $texts) (include "lastcall.duration" $total) (include "lastcall.duration" $grace) | fail -}}
{{- end -}}
{{- if mod $grace 1000 -}}
  {{- printf "shutdown.gracePeriod: found %s; accepted: whole seconds, since a pod's terminationGracePeriodSeconds has no others" .Values.shutdown.gracePeriod | fail -}}
{{- end -}}
{{- $window := include "lastcall.window" . | fromJson -}}
{{- if gt $window.min $window.max -}}
  {{- printf "shutdown.propagation.max: found %s; accepted: at least shutdown.propagation.min (%s)" (include "lastcall.duration" $window.max) (include "lastcall.duration" $window.min) | fail -}}
{{- end -}}
{{- end }}

{{- /* What the times come to once the defaults are cut to fit: {grace, margin, min, quiet, window, drain,
...} by the parts' names, and of all preStop hooks together `hooks` and `hooksLeast`. First the window
beyond its `min` is cut, then the drain, then the window itself. */}}
{{- define "lastcall.times" -}}
{{- $times := include "lastcall.window" . | fromJson -}}
{{- $_ := set $times "grace" (include "lastcall.msec" .Values.shutdown.gracePeriod | int64) -}}
{{- $fixed := dict -}}
{{- $over := mul -1 $times.grace -}}
{{- $hooks := 0 -}}
{{- $hooksLeast := 0 -}}
{{- range include "lastcall.parts" . | fromJsonArray -}}
  {{- $over = add $over (int64 .msec) -}}
  {{- if hasPrefix "preStop" .name -}}
    {{- $hooks = add $hooks (int64 .msec) -}}
    {{- $hooksLeast = add $hooksLeast (default 0 .least | int64) -}}
  {{- end -}}
  {{- $_ := set $times .name (int64 .msec) -}}
  {{- $_ := set $fixed .name (default 0 .fixed | int64) -}}
{{- end -}}
{{- $_ := set $times "hooks" $hooks -}}
{{- $_ := set $times "hooksLeast" $hooksLeast -}}
{{- range list (list "window" (max (int64 $times.min) (default 0 $fixed.window))) (list "drain" (default 0 $fixed.drain)) (list "window" (default 0 $fixed.window)) -}}
  {{- $name := index . 0 -}}
  {{- $cut := max 0 (min $over (sub (default 0 (get $times $name)) (index . 1))) -}}
  {{- $_ := set $times $name (sub (default 0 (get $times $name)) $cut) -}}
  {{- $over = sub $over $cut -}}
{{- end -}}
{{- $_ := set $times "min" (min (int64 $times.min) (int64 $times.window)) -}}
{{- $times | toJson }}
{{- end }}
