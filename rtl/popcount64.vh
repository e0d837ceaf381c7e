// The number of ones of 64 bits, by the masked adds that compilers know as a population count.
// Included inside a module.

  function [63:0] popcount64;
    input [63:0] bits;
    reg [63:0] pairs;
    reg [63:0] nibbles;
    reg [63:0] bytes;
    begin
      pairs      = bits - ((bits >> 1) & 64'h5555555555555555);
      nibbles    = (pairs & 64'h3333333333333333) + ((pairs >> 2) & 64'h3333333333333333);
      bytes      = (nibbles + (nibbles >> 4)) & 64'h0F0F0F0F0F0F0F0F;
      popcount64 = (bytes * 64'h0101010101010101) >> 56;
    end
  endfunction
