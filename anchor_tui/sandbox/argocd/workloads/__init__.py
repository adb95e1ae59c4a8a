"""The insides of applications: ReplicaSets, pods, their events and logs, as a kubelet and a scheduler report them."""
