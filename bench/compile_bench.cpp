// Compiling VGG16 for CIFAR-sized images onto 128 x 128 tiles, ADC ranges included: wall clock and
// peak memory of a process of its own.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "bench/figures.hpp"
#include "host/analog/device.hpp"
#include "host/compiler/compile.hpp"
#include "host/data/shapes.hpp"
#include "host/error.hpp"
#include "host/network/zoo.hpp"
#include "host/runtime/calibrate.hpp"

namespace crossloop::bench {

namespace {

constexpr int kImages = 256;  // what `crossloop compile` calibrates on

void compile_vgg16() {
  network::Network network = network::make_network("vgg16", {3, 32, 32}, 10, 1);
  const data::Dataset images = data::make_shapes(1, kImages);
  analog::Device device;
  device.name = "ideal";
  device.g_min_us = 5.0;
  device.g_max_us = 50.0;
  device.wires = {0.0, 0.0, 0.0, 0.0};
  compiler::TileFormat tile;
  tile.rows = tile.columns = 128;
  tile.code = analog::code_format(device, 2, 8, 5);
  auto deployment = compiler::compile(network, tile, device, images);
  runtime::calibrate_ideal(deployment, images);
}

/// Runs `action` in a child process and gives its peak memory in GiB.
double peak_gib(void (*action)()) {
  const pid_t child = fork();
  if (child < 0) throw InputError("bench: no second process");
  if (child == 0) {
    action();
    _exit(0);
  }
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw InputError("bench: the compile failed");
  return static_cast<double>(usage.ru_maxrss) / (1 << 20);
}

std::map<std::string, Figure> measure() {
  double gib = 0.0;
  const double spent = seconds([&gib] { gib = peak_gib(compile_vgg16); });
  return {{"compile.vgg16_seconds", {spent, "s", 20.0, Better::kSmaller}},
          {"compile.vgg16_gib", {gib, "GiB", 2.0, Better::kSmaller}}};
}

}  // namespace

Benchmark compile_vgg16_figures() {
  return {{"compile.vgg16_seconds", "compile.vgg16_gib"}, measure};
}

}  // namespace crossloop::bench
