"""crossloop.core names the files of rtl/crossloop.f and the parameters of rtl/crossloop.v."""
import os
import re
import unittest

import yaml

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


class FuseSocCore(unittest.TestCase):
    def setUp(self):
        text = read("crossloop.core")
        self.assertTrue(text.startswith("CAPI=2:\n"))
        self.core = yaml.safe_load(text)
        files = self.core["filesets"]["rtl"]["files"]
        self.sources = [file for file in files if isinstance(file, str)]
        self.includes = {name: options for file in files if isinstance(file, dict)
                         for name, options in file.items()}

    def test_lists_the_sources_of_the_file_list(self):
        self.assertEqual([f"rtl/{name}" for name in read("rtl", "crossloop.f").split()],
                         self.sources)

    def test_lists_every_header_that_the_sources_include(self):
        wanted = {f"rtl/{name}" for source in self.sources
                  for name in re.findall(r'`include "(.*)"', read(source))}
        self.assertEqual(wanted, set(self.includes))
        for name, options in self.includes.items():
            self.assertEqual({"is_include_file": True, "include_path": "rtl"}, options, name)

    def test_has_the_parameters_of_the_top_with_their_defaults(self):
        header = read("rtl", "crossloop.v").split("#(")[1].split(") (")[0]
        wanted = {name: int(value)
                  for name, value in re.findall(r"parameter integer (\w+)\s*= (\d+)", header)}
        found = {}
        for name, parameter in self.core["parameters"].items():
            self.assertEqual(("int", "vlogparam"), (parameter["datatype"], parameter["paramtype"]))
            self.assertTrue(parameter["description"])
            found[name] = parameter["default"]
        self.assertEqual(wanted, found)

    def test_has_targets_over_what_it_defines(self):
        self.assertEqual({"default", "lint", "synth"}, set(self.core["targets"]))
        for name, target in self.core["targets"].items():
            self.assertEqual(["rtl"], target["filesets"], name)
            self.assertEqual("crossloop", target["toplevel"], name)
            self.assertEqual(list(self.core["parameters"]), target["parameters"], name)
        for name in ("lint", "synth"):
            target = self.core["targets"][name]
            self.assertEqual([target["default_tool"]], list(target["tools"]), name)

    def test_bears_the_version_of_the_project(self):
        version = re.search(r"project\(crossloop VERSION (\S+)", read("CMakeLists.txt")).group(1)
        self.assertEqual(f"::crossloop:{version}", self.core["name"])


if __name__ == "__main__":
    unittest.main()
