"""Checks the policy of every function in template.yaml with parliament: actions and condition keys that exist, resources that fit their action.

Usage: python .ci/policies.py template.yaml
"""

import json
import sys

import yaml
from parliament import analyze_policy_string

# What CloudFormation's functions become. Any value of the right form will do.
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/pastpaper"
ARNS = {"Table.Arn": ARN, "Table": "pastpaper"}
VALUES = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "pastpaper",
    "AWS::URLSuffix": "amazonaws.com",
}


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms."""


def sub(text):
    for name, value in VALUES.items():
        text = text.replace("${" + name + "}", value)
    while "${" in text:
        before, rest = text.split("${", 1)
        name, after = rest.split("}", 1)
        # A parameter that holds a name in Parameter Store begins with a slash.
        value = "/pastpaper/name" if name.endswith("Parameter") else "name"
        text = before + ARNS.get(name, value) + after
    return text


def construct(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            return ARNS.get(value, ARN)
        return sub(value) if suffix == "Sub" else ARNS.get(value, VALUES.get(value, value))
    if isinstance(node, yaml.SequenceNode):
        values = loader.construct_sequence(node, deep=True)
        if suffix == "Sub":
            return sub(values[0])
        if suffix == "If":
            return values[1]
        return values
    return loader.construct_mapping(node, deep=True)


Loader.add_multi_constructor("!", construct)


def policies(resource):
    properties = resource.get("Properties", {})
    for policy in properties.get("Policies", []):
        if isinstance(policy, dict):
            yield policy.get("PolicyDocument", policy)


def main(path):
    template = yaml.load(open(path, encoding="utf-8"), Loader)
    checked, wrong = 0, []
    for name, resource in template["Resources"].items():
        # The boundary is an upper limit by service, not a grant.
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        for policy in policies(resource):
            policy = {key: value for key, value in policy.items() if key in ("Version", "Statement")}
            found = analyze_policy_string(json.dumps(policy)).findings
            wrong += [f"{name}: {finding.issue}: {finding.title} {finding.detail} {finding.location}" for finding in found]
            checked += 1
    print("\n".join(wrong + [f"{checked} policies, {len(wrong)} findings"]))
    functions = sum(resource["Type"] == "AWS::Serverless::Function" for resource in template["Resources"].values())
    return 1 if wrong or checked < functions else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
