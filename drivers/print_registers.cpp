// Prints rtl/generated/crossloop_regs.vh to the standard output.
#include <iostream>

#include "drivers/registers.hpp"

int main() { std::cout << crossloop::drivers::verilog_header(); }
